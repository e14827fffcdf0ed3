// The camera's picture, until a table's code is in it; the camera is off as soon as the sheet is closed.
import { html, useEffect, useRef, useState } from '../html.js'
import { t } from '../i18n.js'
import { scanned } from '../join_code.js'
import { Sheet } from './sheet.js'

const EVERY_MS = 200

export function ScanSheet({ onCode, onClose }) {
  const video = useRef(null)
  const [said, say] = useState('scan.starting')
  useEffect(() => watch(video.current, { onCode, say }), [])
  const failed = said === 'scan.denied' || said === 'scan.failed'
  return html`<${Sheet} title=${t('scan.title')} onClose=${onClose} testid="scan-sheet">
    ${!failed && html`<video class="viewfinder" ref=${video} muted playsinline aria-label=${t('scan.title')}></video>`}
    <p class=${failed ? 'problem' : 'quiet center'} role="status" data-testid="scan-said">${t(said)}</p>
  </${Sheet}>`
}

/** Starts the camera; returns the way to stop it. */
function watch(video, { onCode, say }) {
  let stream = null
  let timer = null
  let wanted = true
  const stop = () => {
    wanted = false
    clearTimeout(timer)
    stream?.getTracks().forEach((track) => track.stop())
  }
  const detector = new BarcodeDetector({ formats: ['qr_code'] })
  const look = async () => {
    const found = await detector.detect(video).catch(() => [])
    if (!wanted) return
    const code = found.map(({ rawValue }) => scanned(rawValue)).find(Boolean)
    if (code) return onCode(code)
    say(found.length ? 'scan.other' : 'scan.hint')
    timer = setTimeout(look, EVERY_MS)
  }
  const start = async () => {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
    if (!wanted) return stop()
    video.srcObject = stream
    await video.play()
    look()
  }
  start().catch((error) => { if (wanted) say(error.name === 'NotAllowedError' ? 'scan.denied' : 'scan.failed'); stop() })
  return stop
}
