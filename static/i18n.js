// i18n.js: words and their plural forms in the chosen language; the texts themselves are in i18n/.
import { createStore } from './store.js'
import { formatMoney } from './money.js'
import en from './i18n/en.js'
import ru from './i18n/ru.js'

const texts = { ru, en }
const KEY = 'artel.lang'

function initial() {
  try {
    const stored = localStorage.getItem(KEY)
    if (texts[stored]) return stored
  } catch { /* storage may be forbidden */ }
  return (globalThis.navigator?.language ?? '').toLowerCase().startsWith('ru') ? 'ru' : 'en'
}

export const lang = createStore(initial())

export function setLang(next) {
  try { localStorage.setItem(KEY, next) } catch { /* it still holds until the next load */ }
  document.documentElement.lang = next
  lang.set(next)
}

/** `t('games', {n: 3})`: a text that is an object has plural forms, chosen by `n`. */
export function t(key, params = {}) {
  const text = texts[lang.get()][key] ?? texts.en[key]
  if (text === undefined) return key
  const form = typeof text === 'string' ? text : text[new Intl.PluralRules(lang.get()).select(params.n)] ?? text.other
  return form.replace(/\{(\w+)\}/g, (_, name) => params[name] ?? '')
}

export const has = (key) => texts[lang.get()][key] !== undefined

const FIELDS = {
  username: 'auth.username', password: 'auth.password', display_name: 'auth.display_name', name: 'new.name',
  max_players: 'new.max_players', code: 'join.code', rules: 'rules.title',
}

/** What an error means to the one who reads it, in one language: the server's own sentences are English. */
export function errorText(error) {
  const key = `error.${error.code}`
  const english = lang.get() === 'en'
  if (error.code === 'validation_failed' && error.errors?.length) {
    if (english) return error.errors.map((e) => e.message).join('; ')
    const fields = error.errors.map((e) => FIELDS[e.field.split(/[.[]/)[0]]).filter(Boolean)
    return [t(key), [...new Set(fields)].map((field) => t(field)).join(', ')].filter(Boolean).join(': ')
  }
  return has(key) ? t(key) : (english && (error.detail ?? error.message)) || t('error.unknown')
}

export const money = (minor, currency) => formatMoney(minor, currency, lang.get())
export const gain = (minor, currency) => formatMoney(minor, currency, lang.get(), { signed: true })

export function day(timestamp) {
  return new Intl.DateTimeFormat(lang.get(), { day: 'numeric', month: 'short' }).format(new Date(timestamp))
}

export function clock(timestamp) {
  return new Intl.DateTimeFormat(lang.get(), { hour: '2-digit', minute: '2-digit' }).format(new Date(timestamp))
}

/** Seconds as `23:41` or `1:02:03`. */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds))
  const two = (x) => String(x).padStart(2, '0')
  const h = Math.floor(s / 3600)
  return `${h ? `${h}:${two(Math.floor(s / 60) % 60)}` : Math.floor(s / 60)}:${two(s % 60)}`
}
