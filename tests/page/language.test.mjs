// Two choices of a language, one soon after the other: the words of the first may come last.
import assert from 'node:assert/strict'
import { test } from 'node:test'

Object.defineProperty(globalThis, 'navigator', { value: { language: 'ru-RU' }, configurable: true })
globalThis.document ??= { documentElement: {} }
const { lang, loadWords, setLang, t } = await import('../../static/i18n.js')

test('the language that was chosen last is shown, whichever words come first', async () => {
  await loadWords()
  const before = t('nav.lobby')
  // The Russian words are here already, the English ones have to be fetched.
  await Promise.all([setLang('en'), setLang('ru')])
  assert.deepEqual([lang.get(), document.documentElement.lang, t('nav.lobby')], ['ru', 'ru', before])
  await setLang('en')
  assert.equal(lang.get(), 'en')
  assert.notEqual(t('nav.lobby'), before)
})
