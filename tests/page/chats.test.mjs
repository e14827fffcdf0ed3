// All chats of a user without a server: what they send, ask for and keep, over cuts and lost answers.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shown, titleOf, unread } from '../../static/chat_state.js'
import { Chats } from '../../static/chats.js'

const ME = 'me'
const rest = async () => new Promise((done) => setTimeout(done, 20))

/** A server of one chat, as far as the page sees it. */
function server() {
  const messages = []
  const asked = []
  const chat = { id: 'c', kind: 'direct', title: null, unread_count: 0, last_message: null, members: [{ user_id: ME, display_name: 'Me', read_up_to: 0 }, { user_id: 'boris', display_name: 'Boris', read_up_to: 0 }] }
  const page = (items, more) => ({ items, next_cursor: more ? 'more' : null })
  return {
    messages, asked, chat,
    add(sender, content) {
      const number = messages.length + 1
      messages.push({ id: `m${number}`, chat_id: 'c', number, sender_id: sender, content, created_at: new Date(number * 1000).toISOString(), edited_at: null, is_deleted: false, delivered_at: null, read_at: null })
      chat.last_message = messages.at(-1)
      return messages.at(-1)
    },
    view: () => ({ ...chat, unread_count: messages.filter((m) => m.sender_id !== ME && !m.is_deleted && m.number > chat.members[0].read_up_to).length }),
    async all(path) { asked.push(path); return [this.view()] },
    async get(path) {
      asked.push(path)
      if (path === '/api/v1/chats/c') return this.view()
      const query = new URL(path, 'http://x').searchParams
      const limit = Number(query.get('limit'))
      if (query.has('after')) {
        const items = messages.filter((m) => m.number > Number(query.get('after')))
        return page(items.slice(0, limit), items.length > limit)
      }
      const items = messages.filter((m) => m.number < Number(query.get('before') ?? Infinity))
      return page(items.slice(-limit), items.length > limit)
    },
    async post(path, { content }, key) { asked.push(['POST', path, key]); return this.add(ME, content) },
  }
}

function storage() {
  const map = new Map()
  return { map, get length() { return map.size }, key: (i) => [...map.keys()][i], getItem: (k) => map.get(k) ?? null, setItem: (k, v) => map.set(k, v), removeItem: (k) => map.delete(k) }
}

function talking({ there = server(), kept = storage(), online = true } = {}) {
  const sent = []
  let n = 0
  const link = { up: online }
  const talk = new Chats({ me: ME, rest: there, storage: kept, newId: () => `id${(n += 1)}-${Math.random()}`, send: (frame) => link.up && Boolean(sent.push(frame)) })
  const lines = () => shown(talk.store('c').get(), talk.waiting.get())
  const of = (type) => sent.filter((frame) => frame.type === type)
  return { talk, there, kept, sent, link, lines, of, up: () => { link.up = true; talk.connected() }, down: () => { link.up = false; talk.disconnected() } }
}

test('what is said is shown at once and is one message once it is answered', async () => {
  const it = talking()
  it.up()
  it.talk.hold('c')
  await rest()
  it.talk.say('c', 'hello')
  assert.deepEqual(it.lines().map((line) => [line.content, line.state]), [['hello', 'pending']])
  const [frame] = it.of('message')
  it.talk.hear({ type: 'ack', id: frame.id, message: it.there.add(ME, 'hello') })
  assert.deepEqual(it.lines().map((line) => [line.key, line.message.id, line.state]), [[frame.id, 'm1', 'sent']])
  assert.equal(it.kept.map.size, 0)
  it.talk.hear({ type: 'message_status', chat_id: 'c', user_id: 'boris', up_to: 1, status: 'read', at: '' })
  assert.equal(it.lines()[0].state, 'read')
})

test('what was said without a link goes in order under its first ids, after a reload too, and each once', async () => {
  const before = talking({ online: false })
  const ids = ['one', 'two'].map((text) => (before.talk.say('c', text), before.talk.waiting.get().at(-1).id))
  const after = talking({ there: before.there, kept: before.kept })
  after.up()
  after.talk.hold('c')
  await rest()
  assert.deepEqual(after.of('message').map((frame) => frame.id), [ids[0]])
  // The answer is lost with the link, the message is stored.
  const stored = after.there.add(ME, 'one')
  after.down()
  after.up()
  await rest()
  assert.deepEqual(after.lines().map((line) => line.content), ['one', 'two'], 'not twice meanwhile')
  assert.deepEqual(after.of('message').map((frame) => frame.id), [ids[0], ids[0]])
  after.talk.hear({ type: 'ack', id: ids[0], message: stored })
  assert.equal(after.of('message').at(-1).id, ids[1])
  after.talk.hear({ type: 'ack', id: ids[1], message: after.there.add(ME, 'two') })
  assert.deepEqual(after.lines().map((line) => [line.content, line.state]), [['one', 'sent'], ['two', 'sent']])
})

test('what is in memory is acknowledged, in few frames, and again when it comes again', async () => {
  const it = talking()
  it.up()
  for (let n = 0; n < 900; n += 1) it.talk.hear({ type: 'message', message: it.there.add('boris', 'x') })
  await new Promise((done) => setTimeout(done, 300))
  assert.deepEqual(it.of('received').map((frame) => frame.message_ids.length), [400, 400, 100])
  it.talk.hear({ type: 'message', message: it.there.messages[899] })
  await new Promise((done) => setTimeout(done, 300))
  assert.deepEqual(it.of('received').at(-1).message_ids, ['m900'])
  assert.equal(it.talk.unread.get(), 900)
})

test('a gap on the screen is asked for, once', async () => {
  const it = talking()
  it.there.add('boris', 'one')
  it.up()
  it.talk.hold('c')
  await rest()
  for (const text of ['two', 'three', 'four']) it.there.add('boris', text)
  it.talk.hear({ type: 'message', message: it.there.messages[3] })
  await rest()
  assert.deepEqual(it.lines().map((line) => line.content), ['one', 'two', 'three', 'four'])
  assert.equal(it.there.asked.filter((path) => path.includes?.('after=1')).length, 1)
})

test('a gap that the server does not fill is not asked for again and again', async () => {
  const it = talking()
  it.there.add('boris', 'one')
  it.up()
  it.talk.hold('c')
  await rest()
  it.talk.hear({ type: 'message', message: { ...it.there.messages[0], id: 'm9', number: 9 } })
  await rest()
  assert.equal(it.there.asked.filter((path) => path.includes?.('after=1&')).length, 1)
})

test('after a cut the last messages are read again: they may say something else', async () => {
  const it = talking()
  for (const text of ['one', 'two']) it.there.add('boris', text)
  it.up()
  it.talk.hold('c')
  await rest()
  it.down()
  Object.assign(it.there.messages[0], { content: 'ONE', edited_at: '2026-01-01T00:00:00.000Z' })
  it.there.add('boris', 'three')
  it.up()
  await rest()
  assert.deepEqual(it.lines().map((line) => line.content), ['ONE', 'two', 'three'])
})

test('who was away for very long starts with the last page', async () => {
  const it = talking()
  it.there.add('boris', 'x')
  it.up()
  it.talk.hold('c')
  await rest()
  it.down()
  for (let n = 0; n < 2000; n += 1) it.there.add('boris', 'x')
  it.up()
  await rest()
  const numbers = it.lines().map((line) => line.message.number)
  assert.deepEqual([numbers[0], numbers.at(-1)], [1952, 2001])
  await it.talk.older('c')
  assert.equal(it.lines()[0].message.number, 1902)
})

test('all that is known is read, once; what was read just before a cut is said again', async () => {
  const it = talking()
  it.there.add('boris', 'one')
  it.up()
  it.talk.hold('c')
  await rest()
  assert.equal(it.talk.unread.get(), 1)
  it.talk.read('c')
  it.talk.read('c')
  assert.deepEqual(it.of('read').map((frame) => frame.up_to), [1])
  assert.equal(it.talk.unread.get(), 0)
  it.down()
  it.up()
  await rest()
  assert.deepEqual(it.of('read').map((frame) => frame.up_to), [1, 1], 'the server does not know')
  assert.equal(unread(it.talk.store('c').get()), 0)
})

test('a line that is being said otherwise when its answer comes stays one message', async () => {
  for (const answered of ['before', 'meanwhile', 'after', 'on no screen']) {
    const it = talking({ online: false })
    it.talk.hold('c')
    it.talk.say('c', 'tpyo')
    const [line] = it.lines()
    it.up()
    if (answered !== 'on no screen') await rest()
    const [frame] = it.of('message')
    const answer = () => it.talk.hear({ type: 'ack', id: frame.id, message: it.there.messages[0] ?? it.there.add(ME, 'tpyo') })
    // What was drawn before the answer is what one writes in.
    const current = () => it.lines().find(({ key }) => key === line.key)
    if (answered === 'meanwhile') it.there.add(ME, 'tpyo')
    if (answered === 'before') answer()
    if (answered === 'on no screen') answer()
    it.talk.edit('c', answered === 'before' ? current() : line, 'typo')
    if (answered === 'after' || answered === 'meanwhile') {
      assert.deepEqual(it.lines().map(({ content, state }) => [content, state]), [['typo', 'pending']], answered)
      answer()
    }
    await rest()
    assert.deepEqual(it.lines().map(({ key, content }) => [key, content]), [[line.key, 'typo']], answered)
    assert.deepEqual(it.of('message').map(({ content }) => content), ['tpyo'], answered)
    assert.deepEqual(it.of('edit_message').map(({ message_id: id, content }) => [id, content]), [['m1', 'typo']], answered)
  }
})

test('a line that is taken back when its answer came a moment ago is deleted', async () => {
  const it = talking({ online: false })
  it.talk.hold('c')
  it.talk.say('c', 'one')
  const [line] = it.lines()
  it.up()
  await rest()
  it.talk.hear({ type: 'ack', id: it.of('message')[0].id, message: it.there.add(ME, 'one') })
  it.talk.takeBack('c', line)
  assert.deepEqual(it.of('delete_message').map((frame) => frame.message_id), ['m1'])
})

test('what was refused is asked for anew as it was corrected meanwhile', async () => {
  const it = talking()
  it.up()
  it.talk.say('c', 'tpyo')
  const [frame] = it.of('message')
  it.talk.edit('c', it.lines()[0], 'typo')
  it.talk.hear({ type: 'error', id: frame.id, code: 'user_blocked' })
  it.talk.again(it.talk.waiting.get()[0])
  assert.deepEqual(it.of('message').map(({ content }) => content), ['tpyo', 'typo'])
})

test('what is unread is asked again where it cannot be counted here', async () => {
  const soon = () => new Promise((done) => setTimeout(done, 250))
  const it = talking()
  for (let n = 0; n < 100; n += 1) it.there.add('boris', 'x')
  it.up()
  await rest()
  assert.equal(it.talk.unread.get(), 100)
  it.there.messages[70].is_deleted = true
  it.there.chat.members[0].read_up_to = 50
  it.talk.hear({ type: 'message_status', chat_id: 'c', user_id: ME, up_to: 50, status: 'read', at: '' })
  assert.equal(it.talk.unread.get(), 50)
  await soon()
  assert.equal(it.talk.unread.get(), 49)
  // The answer had left it out before the news of it came.
  it.talk.hear({ type: 'message_deleted', message: it.there.messages[70] })
  await soon()
  assert.equal(it.talk.unread.get(), 49)
  it.there.messages[60].is_deleted = true
  it.talk.hear({ type: 'message_deleted', message: it.there.messages[60] })
  await soon()
  assert.equal(it.talk.unread.get(), 48)
  for (const text of ['had elsewhere', 'new']) it.there.add('boris', text)
  it.talk.hear({ type: 'message', message: it.there.messages.at(-1) })
  await soon()
  assert.equal(it.talk.unread.get(), 50)
  const { length } = it.there.asked
  await soon()
  assert.equal(it.there.asked.length, length, 'and not without a reason')
})

test('an answer of before I read elsewhere is asked for once more', async () => {
  const it = talking()
  for (let n = 0; n < 100; n += 1) it.there.add('boris', 'x')
  it.up()
  await rest()
  const old = it.there.view()
  it.there.chat.members = it.there.chat.members.map((member) => (member.user_id === ME ? { ...member, read_up_to: 50 } : member))
  it.there.messages[70].is_deleted = true
  it.there.all = async () => [old]
  it.talk.hear({ type: 'message_status', chat_id: 'c', user_id: ME, up_to: 50, status: 'read', at: '' })
  it.there.view = ((view) => { let n = 0; return () => ((n += 1) === 1 ? old : view.call(it.there)) })(it.there.view)
  await new Promise((done) => setTimeout(done, 250))
  assert.equal(it.talk.unread.get(), 50, 'as much as is known')
  for (let n = 0; n < 200 && it.talk.unread.get() !== 49; n += 1) await rest()
  assert.equal(it.talk.unread.get(), 49)
})

test('a message that was taken back before it was heard says nothing, and those before it are asked for', async () => {
  const it = talking()
  it.there.add('boris', 'one')
  it.up()
  it.talk.hold('c')
  await rest()
  const [, , third] = ['two', 'three'].reduce((all, text) => [...all, it.there.add('boris', text)], [null])
  const old = { ...third }
  Object.assign(third, { is_deleted: true, content: '' })
  it.talk.hear({ type: 'message_deleted', message: third })
  it.talk.hear({ type: 'message', message: old })
  await rest()
  assert.deepEqual(it.lines().map((line) => line.content), ['one', 'two', ''])
})

test('what was not tried yet is changed and taken back here; what was tried is taken back by a deletion', async () => {
  const it = talking({ online: false })
  it.talk.say('c', 'one')
  it.talk.edit('c', it.lines()[0] ?? { item: it.talk.waiting.get()[0], message: null, content: 'one' }, 'ONE')
  assert.equal(it.talk.waiting.get()[0].content, 'ONE')
  it.talk.takeBack('c', { item: it.talk.waiting.get()[0] })
  assert.equal(it.talk.waiting.get().length, 0)
  it.up()
  it.talk.say('c', 'two')
  it.talk.takeBack('c', { item: it.talk.waiting.get()[0] })
  it.talk.hear({ type: 'ack', id: it.of('message')[0].id, message: it.there.add(ME, 'two') })
  assert.equal(it.of('delete_message')[0].message_id, 'm1')
})

test('edits and deletions wait for a link as messages do', async () => {
  const it = talking()
  const mine = it.there.add(ME, 'one')
  it.up()
  it.talk.hold('c')
  await rest()
  it.down()
  it.talk.edit('c', it.lines()[0], 'ONE')
  assert.deepEqual(it.lines().map((line) => [line.content, line.state]), [['ONE', 'pending']])
  it.up()
  const [frame] = it.of('edit_message')
  assert.deepEqual([frame.message_id, frame.content, 'chat_id' in frame], ['m1', 'ONE', false])
  it.talk.hear({ type: 'ack', id: frame.id, message: { ...mine, content: 'ONE', edited_at: '2026-01-01T00:00:00.000Z' } })
  assert.deepEqual(it.lines().map((line) => [line.content, line.state]), [['ONE', 'sent']])
})

test('what is refused stays with its code, and is asked for anew under another id', async () => {
  const it = talking()
  it.up()
  it.talk.say('c', 'one')
  const [frame] = it.of('message')
  assert.equal(it.talk.hear({ type: 'error', id: frame.id, code: 'user_blocked', message: 'a sentence' }), true)
  const [item] = it.talk.waiting.get()
  assert.deepEqual([item.state, item.code, item.message], ['refused', 'user_blocked', undefined])
  it.talk.again(item)
  assert.equal(it.of('message').length, 2)
  assert.notEqual(it.of('message')[1].id, frame.id)
  assert.equal(it.talk.waiting.get().length, 1)
  assert.equal(it.talk.hear({ type: 'error', id: 'other', code: 'not_your_turn' }), false, 'not one of chats')
})

test('a text that no frame can hold goes over REST under the same key', async () => {
  const it = talking()
  it.up()
  await rest()
  it.talk.say('c', '👨‍👩‍👧‍👦'.repeat(4000))
  const { id } = it.talk.waiting.get()[0]
  await rest()
  assert.equal(it.of('message').length, 0)
  assert.deepEqual(it.there.asked.find((call) => call[0] === 'POST'), ['POST', '/api/v1/chats/c/messages', id])
  assert.equal(it.talk.waiting.get().length, 0)
})

test('the others hear now and then that one writes, not with each letter', () => {
  const it = talking()
  it.up()
  for (let n = 0; n < 50; n += 1) it.talk.typing('c')
  assert.equal(it.of('typing').length, 1)
})

test('a table whose name one may not read is called after nobody at it', () => {
  const members = [{ user_id: 'me', display_name: 'Anna' }, { user_id: 'b', display_name: 'Boris' }]
  assert.equal(titleOf({ kind: 'session', title: null, members }, 'me'), '')
  assert.equal(titleOf({ kind: 'session', title: 'Friday', members }, 'me'), 'Friday')
  assert.equal(titleOf({ kind: 'direct', title: null, members }, 'me'), 'Boris')
})
