// join_code.js: PURE. The six characters by which one comes to a table, as typed or as a camera read them.
const CODE = /^[A-HJ-NP-Z2-9]{6}$/
const LINK = /\/join\/([^/?#]+)\/?$/

/** What was typed, without what no code has. */
export const typed = (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, '').slice(0, 6)

/** The code of a QR code's text: the link of an invitation, or the bare code; else `null`. */
export function scanned(text) {
  const inLink = LINK.exec(text.trim().replace(/[?#].*$/, ''))
  const code = (inLink ? inLink[1] : text.trim()).toUpperCase()
  return CODE.test(code) ? code : null
}
