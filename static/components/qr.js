// A QR code as one SVG path; black on white whatever the theme, because cameras want it so. Its code is loaded when one is
// shown first.
import { html, useEffect, useState } from '../html.js'
import { t } from '../i18n.js'

/** `undefined` while it is drawn, `null` where its code can't be loaded: the link beside it says the same. */
function useDrawing(text) {
  const [drawing, setDrawing] = useState(undefined)
  useEffect(() => {
    let wanted = true
    import('../qr_path.js').then(({ qrPath }) => wanted && setDrawing(qrPath(text)), () => wanted && setDrawing(null))
    return () => { wanted = false }
  }, [text])
  return drawing
}

export function Qr({ text }) {
  const drawing = useDrawing(text)
  if (drawing === null) return null
  const { size, path } = drawing ?? { size: 25, path: '' }
  return html`<svg class="qr" viewBox="-3 -3 ${size + 6} ${size + 6}" role="img" aria-label=${t('invite.qr')} data-testid="qr" data-text=${text}
      shape-rendering="crispEdges"><rect x="-3" y="-3" width=${size + 6} height=${size + 6} fill="#fff" /><path d=${path} fill="#000" /></svg>`
}
