// money.js: PURE. Money is an integer in minor units; here it becomes text and text becomes money, never a fraction.

const THIN = '\u2009'
const MINUS = '\u2212'
const formats = new Map()

function currencyFormat(currency, lang) {
  const key = `${lang}:${currency}`
  if (!formats.has(key)) {
    let format
    try {
      format = new Intl.NumberFormat(lang, { style: 'currency', currency, currencyDisplay: 'narrowSymbol' })
    } catch {
      format = new Intl.NumberFormat(lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
    }
    formats.set(key, format)
  }
  return formats.get(key)
}

export function fractionDigits(currency) {
  return currencyFormat(currency, 'en').resolvedOptions().maximumFractionDigits
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
