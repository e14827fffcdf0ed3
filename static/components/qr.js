// A QR code as one SVG path; black on white whatever the theme, because cameras want it so.
import { html, useMemo } from '../html.js'
import qrcode from '../vendor/qrcode.js'
import { t } from '../i18n.js'

export function Qr({ text }) {
  const { size, path } = useMemo(() => {
    const code = qrcode(0, 'M')
    code.addData(text)
    code.make()
    const size = code.getModuleCount()
    let path = ''
    for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) if (code.isDark(y, x)) path += `M${x} ${y}h1v1h-1z`
    return { size, path }
  }, [text])
  return html`<svg class="qr" viewBox="-3 -3 ${size + 6} ${size + 6}" role="img" aria-label=${t('invite.qr')} data-testid="qr" data-text=${text}
      shape-rendering="crispEdges"><rect x="-3" y="-3" width=${size + 6} height=${size + 6} fill="#fff" /><path d=${path} fill="#000" /></svg>`
}
