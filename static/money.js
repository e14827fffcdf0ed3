// money.js: PURE. Money is an integer in minor units; here it becomes text and text becomes money, never a fraction.

// Decimals of ISO 4217 where they are not two. A browser's own table leaves out coins that nobody carries (HUF, RSD, IQD),
// so it would show another amount than was marked.
const DIGITS = {
  BIF: 0, CLP: 0, DJF: 0, GNF: 0, ISK: 0, JPY: 0, KMF: 0, KRW: 0, PYG: 0, RWF: 0, UGX: 0, UYI: 0, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0,
  BHD: 3, IQD: 3, JOD: 3, KWD: 3, LYD: 3, OMR: 3, TND: 3,
  CLF: 4, UYW: 4,
}

const THIN = '\u2009'
const MINUS = '\u2212'
const formats = new Map()

function currencyFormat(currency, lang) {
  const key = `${lang}:${currency}`
  if (!formats.has(key)) {
    let format
    try {
      format = new Intl.NumberFormat(lang, { style: 'currency', currency, currencyDisplay: 'narrowSymbol', minimumFractionDigits: 1, maximumFractionDigits: 2 })
    } catch {
      format = new Intl.NumberFormat(lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
    }
    formats.set(key, format)
  }
  return formats.get(key)
}

export function fractionDigits(currency) {
  return DIGITS[currency] ?? 2
}

/** `+250 ₽`: a real minus, a thin space, the small units only when there are any. */
export function formatMoney(minor, currency = 'RUB', lang = 'ru', { signed = false } = {}) {
  const digits = fractionDigits(currency)
  const unit = 10 ** digits
  const amount = Math.abs(minor)
  const small = amount % unit
  const whole = (amount - small) / unit
  let number = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 }).format(whole).replace(/[\u00a0\u202f]/g, THIN)
  const parts = currencyFormat(currency, lang).formatToParts(1.5)
  if (small > 0) {
    const point = parts.find((part) => part.type === 'decimal')?.value ?? '.'
    number += point + String(small).padStart(digits, '0')
  }
  const symbol = currency === 'RUB' ? '₽' : parts.find((part) => part.type === 'currency')?.value ?? currency
  // The rouble sign stands after the number in every language, as it is written at home.
  const before = currency !== 'RUB' && parts.findIndex((p) => p.type === 'currency') < parts.findIndex((p) => p.type === 'integer')
  const sign = minor < 0 ? MINUS : signed && minor > 0 ? '+' : ''
  return sign + (before ? symbol + (symbol.length > 1 ? THIN : '') + number : number + THIN + symbol)
}

/** Text of a form to minor units; `null` when it is no amount. */
export function parseMoney(text, currency = 'RUB') {
  const digits = fractionDigits(currency)
  const match = /^(\d{1,12})(?:[.,](\d+))?$/.exec(String(text).replace(/\s/g, ''))
  if (!match || (match[2] ?? '').length > digits) return null
  const minor = Number(match[1] + (match[2] ?? '').padEnd(digits, '0'))
  return Number.isSafeInteger(minor) ? minor : null
}

/** Minor units to the text of a form field. */
export function moneyInput(minor, currency = 'RUB') {
  const digits = fractionDigits(currency)
  const text = String(Math.abs(minor)).padStart(digits + 1, '0')
  const whole = digits ? text.slice(0, -digits) : text
  const small = digits ? text.slice(-digits) : ''
  return Number(small) ? `${whole}.${small}` : whole
}

/** How a gain or a loss is coloured; the sign says the same without colour. */
export function trend(minor) {
  return minor > 0 ? 'up' : minor < 0 ? 'down' : 'even'
}

/** A whole number as typed, within bounds; else `null`. */
export function parseWhole(text, least, most) {
  if (!/^\d{1,3}$/.test(text.trim())) return null
  const n = Number(text)
  return n >= least && n <= most ? n : null
}
