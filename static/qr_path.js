// qr_path.js: PURE: a text to the dark squares of its QR code.
import qrcode from './vendor/qrcode.js'

/** `size`: modules on a side; `path`: of an SVG, one square each. */
export function qrPath(text) {
  const code = qrcode(0, 'M')
  code.addData(text)
  code.make()
  const size = code.getModuleCount()
  let path = ''
  for (let y = 0; y < size; y += 1) for (let x = 0; x < size; x += 1) if (code.isDark(y, x)) path += `M${x} ${y}h1v1h-1z`
  return { size, path }
}
