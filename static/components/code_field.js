// Six characters to come to a table: typed, or read by the camera where the browser can.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import { useCamera } from './camera.js'
import { Icon } from './icon.js'
import { ScanSheet } from './scan_sheet.js'

export function CodeField({ value, label, hint, onChange, onScan = onChange }) {
  const [scanning, scan] = useState(false)
  const hasCamera = useCamera()
  const read = (code) => { scan(false); onScan(code) }
  return html`<div class="field"><span>${label}</span>
    <div class="code-field"><input class="code-input" aria-label=${label} placeholder="······" autocomplete="off" autocapitalize="characters" spellcheck="false"
        maxlength="8" value=${value} data-testid="code-input" onInput=${(e) => onChange(e.target.value)} />
      ${hasCamera && html`<button type="button" class="small" data-testid="scan" aria-label=${t('scan.open')} title=${t('scan.open')} onClick=${() => scan(true)}><${Icon} name="scan" size=${24} /></button>`}</div>
    ${hint && html`<small>${hint}</small>`}
    ${scanning && html`<${ScanSheet} onCode=${read} onClose=${() => scan(false)} />`}
  </div>`
}
