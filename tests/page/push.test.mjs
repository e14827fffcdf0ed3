// Notifications of a closed page, in pure parts: who can have them, what is shown of a push, where a tap leads.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noticePath } from '../../static/notice_path.js'
import { pushNotice, windowToUse } from '../../static/push_notice.js'

Object.defineProperty(globalThis, 'navigator', { value: { language: 'ru-RU' }, configurable: true })
globalThis.document ??= { documentElement: {} }
globalThis.location ??= { pathname: '/', search: '' }
globalThis.addEventListener ??= () => {}
const { obstacle } = await import('../../static/push.js')

const pushed = (more = {}) => JSON.stringify({ id: 'n1', kind: 'game_completed', title: 'Игра окончена', body: 'Пятница: 1-е место, +50 ₽', session_id: 's1', ...more })

test('a push is shown in the words it came with, and a correction takes the place of what it corrects', () => {
  const [title, { body, tag, silent, data }] = pushNotice(pushed(), false)
  assert.deepEqual([title, body, tag, silent, data.path], ['Игра окончена', 'Пятница: 1-е место, +50 ₽', 'n1', false, '/s/s1'])
})

test('while the page is in sight there is one notification without a sound', () => {
  const shown = ['n1', 'n2'].map((id) => pushNotice(pushed({ id }), true)[1])
  assert.deepEqual(shown.map(({ silent }) => silent), [true, true])
  assert.equal(shown[0].tag, shown[1].tag)
})

test('what nobody can read is shown all the same, for a browser ends what shows nothing', () => {
  for (const text of [undefined, '', 'no JSON', 'null', '{}']) {
    const [title, { data }] = pushNotice(text, false)
    assert.deepEqual([title, data.path], ['Artel', '/notifications'], text)
  }
})

test('a tap leads where the notice on the page leads, as far as a push says it', () => {
  const path = (kind, more) => pushNotice(pushed({ kind, ...more }), false)[1].data.path
  assert.equal(path('session_invitation'), '/join/s1')
  assert.equal(path('payment_marked'), '/s/s1')
  assert.equal(path('achievement_unlocked', { session_id: null }), '/achievements')
  assert.equal(path('message', { session_id: null }), '/chats')
  for (const kind of ['friend_request', 'friend_accepted', 'command_refused', 'a_kind_to_come']) assert.equal(path(kind, { session_id: null }), '/notifications', kind)
  assert.equal(noticePath({ kind: 'message', data: { chat_id: 'c' } }), '/chats/c')
})

test('a board over the table stays where it is', () => {
  const board = { url: 'https://hall.example/board/ABC' }
  const overlay = { url: 'https://hall.example/overlay/ABC?money=no' }
  const page = { url: 'https://hall.example/me/notices' }
  const docs = { url: 'https://hall.example/docs' }
  assert.equal(windowToUse([board, overlay, docs, page]), page)
  assert.equal(windowToUse([board, overlay]), undefined)
})

test('where a device can’t be told it says why', () => {
  const server = { features: { push: true } }
  const able = { isSecureContext: true, navigator: { serviceWorker: {} }, PushManager: class {}, Notification: { permission: 'default' } }
  assert.equal(obstacle(server, able), null)
  assert.equal(obstacle({ features: { push: false } }, able), 'server')
  assert.equal(obstacle(server, { ...able, isSecureContext: false, PushManager: undefined }), 'insecure')
  assert.equal(obstacle(server, { ...able, navigator: { standalone: false, serviceWorker: {} }, PushManager: undefined }), 'install')
  for (const missing of [{ PushManager: undefined }, { Notification: undefined }, { navigator: {} }]) assert.equal(obstacle(server, { ...able, ...missing }), 'browser')
  assert.equal(obstacle(server, { ...able, Notification: { permission: 'denied' } }), 'denied')
})
