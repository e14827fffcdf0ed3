// The words of the page: all there, in both languages alike, for every error that the server knows, and never the server's own.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import en from '../../static/i18n/en.js'
import ru from '../../static/i18n/ru.js'

Object.defineProperty(globalThis, 'navigator', { value: { language: 'ru-RU' }, configurable: true })
globalThis.document ??= { documentElement: {} }
const { errorText, number, setLang, t } = await import('../../static/i18n.js')
const { templateName } = await import('../../static/template_names.js')

const root = new URL('../../', import.meta.url)
const read = (path) => readFileSync(new URL(path, root), 'utf8')
const languages = { ru, en }
const codes = [...read('src/http/code.rs').matchAll(/^ {4}[A-Z]\w* = "([a-z_]+)"/gm)].map((match) => match[1])
const sources = ['', 'games/', 'views/', 'components/'].flatMap((dir) => readdirSync(new URL(`static/${dir}`, root)).filter((file) => file.endsWith('.js')).map((file) => `static/${dir}${file}`))
  // Scripts and mails have their own page.
  .filter((file) => !['static/client.js', 'static/mail.js'].includes(file))

const forms = (text) => (typeof text === 'string' ? [text] : Object.values(text))
const inserted = (text) => [...new Set(forms(text).flatMap((form) => [...form.matchAll(/\{(\w+)\}/g)].map((match) => match[1])))].sort()

test('every code of the server has words in both languages', () => {
  assert.ok(codes.length > 40, 'the codes are read from src/http/code.rs')
  for (const [language, texts] of Object.entries(languages)) assert.deepEqual(codes.filter((code) => !texts[`error.${code}`]), [], language)
})

test('what the server says in words is never shown', async () => {
  const secret = 'the server’s own sentence'
  const fields = Object.keys(en).filter((key) => key.startsWith('field.')).map((key) => key.slice('field.'.length))
  for (const language of Object.keys(languages)) {
    await setLang(language)
    for (const code of [...codes, 'network', 'unknown', 'a_code_to_come']) {
      for (const field of [...fields, 'balls[2].points', 'rules.foul.points', 'table.paid_by', 'a_field_to_come', '']) {
        const words = errorText({ code, detail: secret, message: secret, title: secret, errors: [{ field, message: secret }] })
        assert.ok(words && !words.includes(secret) && !/^(error|field)\./.test(words), `${language} ${code} ${field}: ${words}`)
      }
    }
  }
  const raw = sources.filter((file) => /\b(error|wrong|failed|problem|refused|e)\??\.(detail|message|title)\b|\b(notification|invitation|told)\??\.(title|body)\b/.test(read(file)))
  assert.deepEqual(raw, [])
})

test('a wrong field is named in the words of the page, each once', async () => {
  await setLang('ru')
  const told = (...names) => errorText({ code: 'validation_failed', errors: names.map((field) => ({ field, message: 'must be right' })) })
  assert.equal(told('password'), ru['field.password'])
  assert.equal(told('balls[0].points', 'balls[3].count'), ru['field.balls'])
  assert.equal(told('rules.point_price'), ru['field.point_price'])
  assert.equal(told('table.price_per_hour'), ru['field.price_per_hour'])
  assert.equal(told('something_new'), ru['error.validation_failed'])
  assert.equal(errorText({ code: 'validation_failed' }), ru['error.validation_failed'])
})

test('both languages have the same texts, with the same things inserted, and all their plural forms', () => {
  assert.deepEqual(Object.keys(ru).sort(), Object.keys(en).sort())
  for (const key of Object.keys(ru)) {
    // A form for exactly one may leave the number out.
    assert.deepEqual(inserted(ru[key]), inserted(en[key]), key)
    for (const [language, texts] of Object.entries(languages)) {
      assert.ok(forms(texts[key]).every((form) => form.trim()), `${language} ${key}`)
      if (typeof texts[key] === 'string') continue
      assert.deepEqual(Object.keys(texts[key]).sort(), language === 'ru' ? ['few', 'many', 'one', 'other'] : ['one', 'other'], `${language} ${key}`)
    }
  }
})

test('no text is written twice: the later would silently win', () => {
  for (const language of Object.keys(languages)) {
    const keys = [...read(`static/i18n/${language}.js`).matchAll(/(?:^|[{,]\s+)(?:'([a-z_.0-9]+)'|([a-z]+)): (?=['{])/gm)].map((match) => match[1] ?? match[2]).filter((key) => !['one', 'few', 'many', 'other'].includes(key))
    assert.equal(keys.length, Object.keys(languages[language]).length, `${language}: ${keys.filter((key, at) => keys.indexOf(key) !== at)}`)
  }
})

test('every text that is asked for by name, in whatever way, is there', () => {
  const asked = sources.flatMap((file) => [...read(file).matchAll(/\bt\(([^()]*)/g)].flatMap((call) => [...call[1].matchAll(/'([a-z_]+(?:\.[a-z_0-9]+)+)'/g)].map((match) => [file, match[1]])))
  assert.ok(asked.length > 200)
  assert.deepEqual(asked.filter(([, key]) => !(key in ru)), [])
})

test('Russian takes nobody for a man or a woman, and English has no Russian in it', () => {
  for (const [key, text] of Object.entries(ru)) for (const form of forms(text)) assert.doesNotMatch(form, /[а-я]\((а|на|ла|ась|ся)\)|\/а\b/i, key)
  for (const [key, text] of Object.entries(en)) for (const form of forms(text)) assert.doesNotMatch(form, /[а-я]/i, key)
})

test('numbers are written as the language writes them', async () => {
  await setLang('ru')
  assert.equal(t('points', { n: 12345 }), '12\u00a0345 очков')
  assert.equal(number(-1), '\u22121')
  await setLang('en')
  assert.equal(t('points', { n: 12345 }), '12,345 points')
  assert.equal(t('points', { n: -3 }), '\u22123 points')
})

test('the templates that come with the server are called in the reader’s language, others as they are called', async () => {
  const seeded = { id: '00000000-0000-7000-8000-00000000000a', is_system: true, name: 'Снукер 2×2' }
  await setLang('en')
  assert.equal(templateName(seeded), 'Snooker 2×2')
  await setLang('ru')
  assert.equal(templateName(seeded), 'Снукер 2×2')
  for (const other of [{ ...seeded, is_system: false, name: 'Наш' }, { ...seeded, id: '00000000-0000-7000-8000-0000000000ff', name: 'Наш' }, { id: '01a21a46-e68e-7734-aa3f-4a9eb0823526', is_system: true, name: 'Наш' }]) {
    assert.equal(templateName(other), 'Наш')
  }
})
