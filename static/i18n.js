// i18n.js: words and their plural forms in the chosen language; the texts themselves are in i18n/.
import { createStore } from './store.js'
import { formatMoney } from './money.js'

const LANGUAGES = { ru: () => import('./i18n/ru.js'), en: () => import('./i18n/en.js') }
const KEY = 'artel.lang'

// One language is loaded: the other one would be a fifth of all that a first visit waits for.
let texts = {}

function initial() {
  try {
    const stored = localStorage.getItem(KEY)
    if (LANGUAGES[stored]) return stored
  } catch { /* storage may be forbidden */ }
  return (globalThis.navigator?.language ?? '').toLowerCase().startsWith('ru') ? 'ru' : 'en'
}

export const lang = createStore(initial())

/** To be awaited before anything is shown. */
export async function loadWords(language = lang.get()) {
  texts = (await LANGUAGES[language]()).default
}

let chosen

/** The page stays in its language while the words of the next one can't be had. */
export async function setLang(next) {
  chosen = next
  // Before they have come: whoever opens another page meanwhile has chosen all the same.
  try { localStorage.setItem(KEY, next) } catch { /* it still holds until the next load */ }
  const words = await LANGUAGES[next]().catch(() => null)
  // Those of an earlier choice may come after those of a later one.
  if (!words || chosen !== next) return
  texts = words.default
  document.documentElement.lang = next
  lang.set(next)
}

/** `t('games', {n: 3})`: a text that is an object has plural forms, chosen by `n`. */
export function t(key, params = {}) {
  const text = texts[key]
  if (text === undefined) return key
  const form = typeof text === 'string' ? text : text[new Intl.PluralRules(lang.get()).select(params.n)] ?? text.other
  return form.replace(/\{(\w+)\}/g, (_, name) => shown(params[name]))
}

const shown = (value) => (typeof value === 'number' ? number(value) : value ?? '')

/** `1 234` as the language groups it, with a real minus. */
export const number = (value) => new Intl.NumberFormat(lang.get()).format(value).replace('-', '\u2212')

export const has = (key) => texts[key] !== undefined

/** What an error means to the one who reads it, by its code and fields; the server's own sentences are never shown. */
export function errorText({ code, errors = [] }) {
  const general = has(`error.${code}`) ? t(`error.${code}`) : t('error.unknown')
  if (code !== 'validation_failed') return general
  const wrong = [...new Set(errors.map(({ field }) => fieldText(field)).filter(Boolean))]
  return wrong.join('. ') || general
}

/** What a field wants, or whatever it is part of: `balls[2].points` is a matter of the balls. */
function fieldText(field) {
  const path = String(field ?? '').replace(/\[[^\]]*\]/g, '').replace(/^rules\./, '').split('.')
  const known = [path.join('.'), path[0], path.at(-1)].map((name) => `field.${name}`).find(has)
  return known && t(known)
}

export const money = (minor, currency) => formatMoney(minor, currency, lang.get())
export const gain = (minor, currency) => formatMoney(minor, currency, lang.get(), { signed: true })

export function day(timestamp) {
  return new Intl.DateTimeFormat(lang.get(), { day: 'numeric', month: 'short' }).format(new Date(timestamp))
}

export function clock(timestamp) {
  return new Intl.DateTimeFormat(lang.get(), { hour: '2-digit', minute: '2-digit' }).format(new Date(timestamp))
}

/** `today`, `yesterday`, else the day; with its year where that is another one. */
export function dayWord(timestamp, now = new Date()) {
  const at = new Date(timestamp)
  const midnight = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())
  const ago = Math.round((midnight(now) - midnight(at)) / 86_400_000)
  if (ago === 0 || ago === 1) {
    const word = new Intl.RelativeTimeFormat(lang.get(), { numeric: 'auto' }).format(-ago, 'day')
    return word[0].toUpperCase() + word.slice(1)
  }
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' }
  return new Intl.DateTimeFormat(lang.get(), { day: 'numeric', month: 'long', ...year }).format(at)
}

/** Seconds as `23:41` or `1:02:03`. */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds))
  const two = (x) => String(x).padStart(2, '0')
  const h = Math.floor(s / 3600)
  return `${h ? `${h}:${two(Math.floor(s / 60) % 60)}` : Math.floor(s / 60)}:${two(s % 60)}`
}
