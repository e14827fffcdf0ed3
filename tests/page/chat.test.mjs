// Chats without a server: what a chat is made of frames and pages, what waits to be said, how characters are counted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { calmed, contentOf, emptyChat, firstUnread, forgotten, gapAfter, isEditable, isReachUnclear, isUnreadUnclear, lastMessage, lastNumber, latestFirst, reach, rereadAfter, rows, sayItem, shown, trimmed, typists, unread, withAnswer, withChat, withFilled, withMessages, withPage, withRead, withStatus, withTold, withTyping } from '../../static/chat_state.js'
import { CONTENT_MAX, fitsFrame, graphemes, isSayable, left, tidy } from '../../static/chat_text.js'

const ME = 'me'
const NOW = Date.parse('2026-01-31T18:04:05.123Z')
const at = (n) => new Date(NOW + n * 1000).toISOString()
const message = (number, sender = 'boris', more = {}) => ({
  id: `m${number}`, chat_id: 'c', number, sender_id: sender, content: `text ${number}`, created_at: at(number), edited_at: null, is_deleted: false, delivered_at: null, read_at: null, ...more,
})
const gone = (number) => message(number, 'boris', { is_deleted: true, content: '' })
const range = (first, last, sender) => Array.from({ length: last - first + 1 }, (_, i) => message(first + i, sender))
const chat = ({ read = 0, others = { boris: 0 }, last = null, unread_count = 0 } = {}) => ({
  id: 'c', kind: 'direct', title: null, unread_count, last_message: last,
  members: [{ user_id: ME, display_name: 'Me', read_up_to: read }, ...Object.entries(others).map(([user_id, read_up_to]) => ({ user_id, display_name: user_id, read_up_to }))],
})
const empty = emptyChat('c', ME)

test('what is heard is in the order of its numbers, once, whatever order it came in', () => {
  const state = withPage(empty, [message(1), message(2)], true)
  const heard = [5, 3, 4, 3, 5].reduce((all, number) => withMessages(all, [message(number)]), state)
  assert.deepEqual(shown(heard, []).map((line) => line.message.number), [1, 2, 3, 4, 5])
})

test('of two tellings of a message the later one holds, in whatever order they come', () => {
  const edited = message(1, 'boris', { content: 'new', edited_at: at(9) })
  const deleted = message(1, 'boris', { content: '', is_deleted: true, edited_at: at(9) })
  for (const order of [[message(1), edited, deleted], [deleted, message(1), edited], [edited, deleted, message(1)]]) {
    const state = order.reduce((all, told) => withMessages(all, [told]), withPage(empty, [], true))
    assert.deepEqual([state.messages.get(1).is_deleted, state.messages.get(1).content], [true, ''])
  }
  assert.equal(withMessages(withMessages(empty, [edited]), [message(1)]).messages.get(1).content, 'new')
  const read = withMessages(withMessages(empty, [message(1, ME, { read_at: at(2) })]), [message(1, ME)])
  assert.equal(read.messages.get(1).read_at, at(2))
})

test('a gap is found between what is shown, and after it where the server knows of more', () => {
  const state = withPage(empty, range(10, 12), false)
  assert.equal(gapAfter(state), null)
  assert.equal(gapAfter(withMessages(state, [message(15)])), 12)
  assert.equal(gapAfter(withChat(state, chat({ last: message(14) }))), 12)
  assert.equal(gapAfter(withMessages(state, [message(3)])), null, 'what is older is not shown yet')
  assert.equal(gapAfter(emptyChat('c', ME)), null)
  assert.equal(withPage(state, range(5, 9), true).from, 5)
})

test('what is heard before the answer that there is nothing yet is shown', () => {
  const early = withPage(withMessages(empty, [message(1)]), [], true)
  assert.deepEqual(shown(early, []).map((line) => line.message.number), [1])
  const late = withMessages(withPage(withChat(empty, chat({ last: message(1) })), [], true), [message(1)])
  assert.deepEqual(shown(late, []).map((line) => line.message.number), [1])
})

test('in a group what was said before one came is no gap', () => {
  const state = withMessages(withPage(empty, [], true), [message(8), message(10)])
  assert.equal(gapAfter(state), 0)
  const filled = withFilled(state, 0, [message(8)])
  assert.deepEqual([filled.from, gapAfter(filled)], [8, 8], 'the other gap is seen')
  assert.equal(gapAfter(withFilled(filled, 8, [message(9), message(10)])), null)
})

test('unread: what the server counted, what came since, not what was read, deleted or said by me', () => {
  let state = withChat(empty, chat({ last: message(7), unread_count: 3, read: 4 }))
  assert.equal(unread(state), 3)
  state = withMessages(state, [message(7), message(8), message(9, ME)])
  assert.equal(unread(state), 4)
  state = withMessages(state, [gone(8)])
  assert.equal(unread(state), 3)
  state = withMessages(state, [gone(2)])
  assert.deepEqual([unread(state), isUnreadUnclear(state)], [3, false], 'one that was read')
  assert.equal(unread(withRead(state, 9)), 0)
  assert.equal(unread(withMessages(withRead(state, 9), [message(10)])), 1)
  assert.equal(withRead(withRead(state, 9), 3).mine, 9)
})

test('where the sum of the server does not hold any more, it is asked again', () => {
  const sum = withChat(empty, chat({ last: message(100), unread_count: 100 }))
  const read = withStatus(sum, { user_id: ME, up_to: 50, status: 'read' })
  assert.deepEqual([unread(read), isUnreadUnclear(read)], [50, true], 'read elsewhere, of messages that are not here')
  const again = withChat(read, chat({ last: message(100), unread_count: 52, read: 50 }))
  assert.deepEqual([unread(again), isUnreadUnclear(again)], [52, false])
  assert.deepEqual([unread(withRead(read, 100)), isUnreadUnclear(withRead(read, 100))], [0, false])

  const two = withMessages(withChat(empty, chat({ last: message(3), unread_count: 2 })), [gone(2)])
  assert.deepEqual([unread(two), isUnreadUnclear(two)], [2, true], 'an answer that left it out already, before the news of it')
  const known = withMessages(withMessages(sum, [message(7)]), [gone(7)])
  assert.equal(isUnreadUnclear(known), true)
  assert.equal(isUnreadUnclear(withMessages(known, [gone(7)])), true, 'until it is answered')
  assert.equal(isUnreadUnclear(withMessages(sum, [message(7, ME, { is_deleted: true })])), false, 'mine was not in it')

  const gap = withMessages(sum, [message(103)])
  assert.equal(isUnreadUnclear(gap), true, 'what another device has had is not told here')
  assert.equal(isUnreadUnclear(withChat(gap, chat({ last: message(103), unread_count: 103 }))), false)

  const old = withChat(forgotten(withMessages(withPage(sum, [], true), range(101, 400))), chat({ last: message(150), unread_count: 150 }))
  assert.equal(isUnreadUnclear(old), true, 'an answer older than what is here by sum alone')
  const overtaken = withChat(withRead(withMessages(sum, [message(101)]), 60), chat({ last: message(100), unread_count: 100 }))
  assert.deepEqual([unread(overtaken), isUnreadUnclear(overtaken)], [41, true], 'an answer from before I read')
})

test('what was said otherwise or taken back before it was heard stays so', () => {
  const edited = message(3, 'boris', { content: 'new', edited_at: at(9) })
  for (const change of [edited, gone(3)]) {
    const state = withMessages(withMessages(withPage(withChat(empty, chat()), [message(1)], true), [change]), [message(2), message(3)])
    assert.deepEqual([state.messages.get(3).content, state.messages.get(3).is_deleted], [change.content, change.is_deleted])
    assert.equal(unread(state), change.is_deleted ? 2 : 3)
  }
  const listed = withMessages(withChat(empty, chat({ last: message(3) })), [edited])
  assert.equal(lastMessage(listed).content, 'new')
})

test('what is forgotten stays counted', () => {
  const state = forgotten(withMessages(withPage(withChat(empty, chat()), [], true), range(1, 3)))
  assert.deepEqual([state.messages.size, unread(state), lastNumber(state)], [0, 3, 3])
})

test('unread is right whatever overtakes what: frames before the list, the list before what was read', () => {
  const frames = withMessages(empty, [message(1), message(2)])
  assert.equal(unread(withChat(frames, chat({ last: message(2), unread_count: 2 }))), 2)
  assert.equal(unread(withChat(frames, chat({ last: message(1), unread_count: 1 }))), 2)
  const read = withRead(withChat(frames, chat({ last: message(2), unread_count: 2 })), 2)
  assert.equal(unread(withChat(read, chat({ last: message(2), unread_count: 2 }))), 0, 'an old answer')
  assert.equal(unread(withStatus(withMessages(withChat(empty, chat()), [message(1)]), { user_id: ME, up_to: 1, status: 'read' })), 0, 'read on another device')
})

test('a chat on no screen keeps its last messages and its count', () => {
  const state = trimmed(withMessages(withChat(empty, chat()), range(1, 1000)))
  assert.deepEqual([state.messages.size, state.messages.has(1000), unread(state)], [200, true, 1000])
  const opened = trimmed(withPage(withChat(empty, chat()), range(1, 300), true))
  assert.deepEqual([opened.from, opened.start], [101, false], 'what was dropped is asked for again')
  assert.equal(rereadAfter(opened), 100)
})

test('a message is delivered and read once all others had and read it', () => {
  const mine = message(3, ME)
  const state = withMessages(withChat(empty, chat({ others: { boris: 0, vera: 3 } })), [mine])
  assert.equal(reach(state, mine), 'sent')
  const had = withStatus(state, { user_id: 'boris', up_to: 3, status: 'delivered' })
  assert.equal(reach(had, mine), 'delivered')
  assert.equal(reach(withStatus(had, { user_id: 'boris', up_to: 2, status: 'read' }), mine), 'delivered')
  const read = withStatus(had, { user_id: 'boris', up_to: 3, status: 'read' })
  assert.equal(reach(read, mine), 'read')
  assert.equal(reach(withStatus(read, { user_id: 'boris', up_to: 1, status: 'delivered' }), mine), 'read', 'nothing goes back')
  assert.equal(reach(state, { ...mine, delivered_at: at(4) }), 'delivered')
  assert.equal(reach(withChat(empty, chat({ others: {} })), mine), 'sent', 'nobody else is here')
})

test('where somebody had a message of before I listened, the others are asked about', () => {
  const state = withTold(withChat(empty, chat({ others: { boris: 0, vera: 0 } })), [message(3, ME)])
  const had = withStatus(state, { user_id: 'boris', up_to: 3, status: 'delivered' })
  assert.equal(isReachUnclear(state), false)
  assert.equal(isReachUnclear(had), true)
  assert.equal(isReachUnclear(withTold(had, [message(3, ME, { delivered_at: at(1) })])), false)
  assert.equal(isReachUnclear(withStatus(withMessages(had, [message(3, ME, { delivered_at: at(1) }), message(4, ME)]), { user_id: 'boris', up_to: 4, status: 'delivered' })), false, 'since then each is heard of')
})

const item = (id, content, more = {}) => ({ id, n: NOW, type: 'message', chat_id: 'c', content, state: 'waiting', tries: 0, after: 2, ...more })

test('what waits is below what was said; what was said though its answer was lost is shown once', () => {
  const state = withPage(empty, [message(1), message(2)], true)
  const items = [item('i1', 'one', { tries: 1, state: 'sent' }), item('i2', 'one'), item('i3', 'no', { state: 'refused', code: 'user_blocked' })]
  assert.deepEqual(shown(state, items).map((line) => [line.key, line.state]), [['m1', null], ['m2', null], ['i1', 'pending'], ['i2', 'pending'], ['i3', 'refused']])
  const heard = withMessages(state, [message(3, ME, { content: 'one' })])
  assert.deepEqual(shown(heard, items).map((line) => [line.key, line.state]).slice(2), [['i1', 'sent'], ['i2', 'pending'], ['i3', 'refused']], 'the same line as before')
  assert.deepEqual(shown(withMessages(state, [message(2, ME, { content: 'one' })]), items).map((line) => line.key), ['m1', 'm2', 'i1', 'i2', 'i3'], 'an older one is another one')
  const answered = withAnswer(state, 'i0', message(3, ME, { content: 'one' }))
  assert.deepEqual(shown(answered, items).map((line) => line.key), ['m1', 'm2', 'i0', 'i1', 'i2', 'i3'], 'so is one that has its answer')
})

test('a line is the same one when it was answered', () => {
  const state = withPage(empty, [message(1), message(2)], true)
  const [before] = shown(state, [item('i1', 'one')]).slice(-1)
  const [after] = shown(withAnswer(state, 'i1', message(3, ME, { content: 'one' })), []).slice(-1)
  assert.equal(after.key, before.key)
  assert.equal(after.message.number, 3)
})

test('what is to be said otherwise after its answer looks so at once', () => {
  const state = withPage(empty, [message(1), message(2)], true)
  const revised = item('i1', 'one', { tries: 1, state: 'sent', revised: { content: 'two' } })
  assert.equal(contentOf(revised), 'two')
  assert.deepEqual(shown(state, [revised]).slice(-1).map((line) => [line.content, line.state]), [['two', 'pending']])
  const heard = withMessages(state, [message(3, ME, { content: 'one' })])
  assert.deepEqual(shown(heard, [revised]).slice(-1).map((line) => [line.content, line.state, line.message.number]), [['two', 'pending', 3]])
})

test('what is changed looks changed at once, and says that it waits', () => {
  const state = withPage(empty, [message(1, ME), message(2, ME)], true)
  const lines = shown(state, [{ id: 'e', type: 'edit_message', message_id: 'm1', content: 'new', state: 'waiting' }, { id: 'd', type: 'delete_message', message_id: 'm2', state: 'sent' }])
  assert.deepEqual(lines.map((line) => [line.content, line.state, line.item.type]), [['new', 'pending', 'edit_message'], ['text 2', 'pending', 'delete_message']])
})

test('own messages may be changed for a day, and while they wait', () => {
  const line = (more) => ({ own: true, message: message(1, ME), item: undefined, ...more })
  assert.equal(isEditable(line(), NOW + 1000), true)
  assert.equal(isEditable(line(), NOW + 25 * 3_600_000), false)
  assert.equal(isEditable(line({ own: false }), NOW), false)
  assert.equal(isEditable(line({ message: message(1, ME, { is_deleted: true }) }), NOW), false)
  assert.equal(isEditable(line({ message: null, item: item('i', 'x') }), NOW), true)
  assert.equal(isEditable(line({ message: null, item: item('i', 'x', { tries: 1, state: 'sent' }) }), NOW), true)
  assert.equal(isEditable(line({ message: null, item: item('i', 'x', { tries: 1, undo: true }) }), NOW), false)
  assert.equal(isEditable(line({ item: item('i', 'x', { type: 'edit_message', message_id: 'm1' }) }), NOW), false)
})

test('days, the first unread one and who begins to speak stand between the lines', () => {
  const late = { ...message(4), created_at: new Date(NOW + 26 * 3_600_000).toISOString() }
  const state = withPage(withChat(empty, chat({ read: 2 })), [message(1), message(2), message(3), late], true)
  assert.equal(firstUnread(state), 3)
  const all = rows(shown(state, []), { now: NOW, unreadFrom: 3, me: ME })
  assert.deepEqual(all.map((row) => row.kind), ['day', 'line', 'line', 'unread', 'line', 'day', 'line'])
  assert.deepEqual(all.filter((row) => row.kind === 'line').map((row) => row.first), [true, false, true, true])
  assert.equal(new Set(all.map((row) => row.key)).size, all.length)
})

test('who writes is forgotten after a while, and when the message comes', () => {
  const state = withTyping(withChat(empty, chat()), 'boris', NOW)
  assert.deepEqual(typists(state, NOW + 1), ['boris'])
  assert.deepEqual(typists(state, NOW + 60_000), [])
  assert.deepEqual(calmed(state, NOW + 60_000).typing, {})
  assert.deepEqual(typists(withMessages(state, [message(1)]), NOW + 1), [])
})

test('the list has the chat with the latest message first', () => {
  const one = { ...withChat(emptyChat('1', ME), chat({ last: message(1) })), id: '1' }
  const two = { ...withChat(emptyChat('2', ME), chat({ last: message(2) })), id: '2' }
  assert.deepEqual(latestFirst([one, two, emptyChat('3', ME)]).map((state) => state.id), ['2', '1'])
  assert.deepEqual(latestFirst([withMessages(one, [message(3)]), two]).map((state) => state.id), ['1', '2'])
})

test('characters are counted as a person counts them, and only near the end', () => {
  for (const one of ['a', 'ж', '👨‍👩‍👧‍👦', '🇷🇺', 'e\u0301']) {
    assert.equal(graphemes(one), 1, one)
    assert.equal(isSayable(one.repeat(CONTENT_MAX)), true, one)
    assert.equal(isSayable(`${one.repeat(CONTENT_MAX)}x`), false, one)
    assert.equal(left(one.repeat(CONTENT_MAX - 1)), 1, one)
  }
  assert.deepEqual([left(''), left('a'.repeat(3599)), left('a'.repeat(3600)), left('👨‍👩‍👧‍👦'.repeat(500)), left('a'.repeat(4001))], [null, null, 400, null, -1])
})

test('what says nothing is not sent, and pasted control characters go', () => {
  for (const nothing of ['', ' \n\t', '\u0000\u0007']) assert.equal(isSayable(nothing), false)
  assert.equal(tidy(' a\r\nb\u001b[2J\u0000\tc \n'), 'a\nb[2J\tc')
  assert.equal(sayItem(empty, '  '), null)
  assert.deepEqual(sayItem(withMessages(empty, [message(4)]), ' x '), { type: 'message', chat_id: 'c', content: 'x', after: 4 })
  assert.equal(lastNumber(empty), 0)
})

test('a frame is measured as it is sent', () => {
  assert.equal(fitsFrame({ content: 'ж'.repeat(4000) }), true)
  assert.equal(fitsFrame({ content: '🎱'.repeat(4000) }), true)
  assert.equal(fitsFrame({ content: '👨‍👩‍👧‍👦'.repeat(4000) }), false)
})
