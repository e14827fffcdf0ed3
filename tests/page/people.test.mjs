// Statistics as they are drawn, notifications, friends and devices: the pure parts, and notifications without a server.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceName, isPhone } from '../../static/device_name.js'
import { nothingTold, without, withAllRead, withPage, withRead, withTold } from '../../static/notification_state.js'
import { Notifications } from '../../static/notifications.js'
import { invitable, marked, matching, relationOf } from '../../static/people_view.js'
import { ballShares, byDay, currencies, outcome, placeOf, playedTypes, query, rarityWord, ticks, totalsOf, withEarned } from '../../static/stats_view.js'

const told = (id, at, more = {}) => ({ id, kind: 'friend_request', data: {}, created_at: `2026-11-27T00:00:0${at}Z`, ...more })

test('the amounts of a chart are round, hold all that is drawn and 0', () => {
  assert.deepEqual(ticks(0, 375_000, 100), [0, 200_000, 400_000])
  assert.deepEqual(ticks(-45_000, 120_000, 100), [-100_000, 0, 100_000, 200_000])
  for (const [least, most] of [[0, 0], [5, 5], [-1, 0], [-123_456, -7], [0, 99_999_999], [1500, 1501]]) {
    const marks = ticks(least, most, 100)
    assert.ok(marks.length >= 2 && marks.length <= 6, `${least}..${most}: ${marks}`)
    assert.ok(marks[0] <= Math.min(0, least) && marks.at(-1) >= Math.max(0, most), `${marks}`)
    assert.ok(marks.includes(0) && marks.every((mark) => mark % 100 === 0), `${marks}`)
  }
})

test('money over time begins with what was before', () => {
  assert.deepEqual(totalsOf({ before: -500, items: [{ total: 200 }, { total: 0 }] }), [-500, 200, 0])
})

test('games are told by how often they were played, currencies with the home one first', () => {
  assert.deepEqual(playedTypes({ by_game_type: { a: { games: 1 }, b: { games: 0 }, c: { games: 7 } } }), ['c', 'a'])
  assert.deepEqual(currencies({ nets: { EUR: 1, RUB: 0, AED: 3 } }), ['RUB', 'AED', 'EUR'])
  assert.deepEqual(currencies({}), ['RUB'])
})

test('balls by colour are measured by the most frequent one', () => {
  assert.deepEqual(ballShares({ white: 2, pink: 8, black: 0 }), [{ color: 'pink', n: 8, share: 1 }, { color: 'white', n: 2, share: 0.25 }])
  assert.deepEqual(ballShares(undefined), [])
})

test('earned awards come first, the latest before, then the others by how many have them', () => {
  const kinds = [{ code: 'a', rarity: 0.1 }, { code: 'b', rarity: 0.9 }, { code: 'c', rarity: 0.5 }, { code: 'd', rarity: 0 }]
  const all = withEarned(kinds, [{ code: 'd', earned_at: '2026-01-01' }, { code: 'a', earned_at: '2026-02-01' }])
  assert.deepEqual(all.map((one) => one.code), ['a', 'd', 'b', 'c'])
  assert.deepEqual([0, 0.02, 0.05, 0.3, 0.31, 1].map(rarityWord), ['legendary', 'legendary', 'epic', 'rare', 'common', 'common'])
})

test('lists are put together by day, chosen by outcome, and asked for by what is chosen', () => {
  assert.deepEqual(byDay(['a1', 'a2', 'b1'], (it) => it[0]), [{ day: 'a', items: ['a1', 'a2'] }, { day: 'b', items: ['b1'] }])
  const games = [{ won: true }, { won: false }]
  assert.deepEqual(['all', 'won', 'lost'].map((wanted) => outcome(games, wanted).length), [2, 1, 1])
  assert.equal(query({ by: 'net', period: 'all', time_zone: 'Europe/Moscow', club_id: undefined }), '?by=net&time_zone=Europe%2FMoscow')
  assert.equal(query({ scope: 'all' }), '')
})

test('what is told is newest first and unread; the same id again is corrected, and unread again', () => {
  let state = withTold(withTold(nothingTold, told('a', 1)), told('b', 2))
  assert.deepEqual([state.items.map((one) => one.id), state.unread.size], [['b', 'a'], 2])
  state = withRead(state, 'a', 'now')
  assert.deepEqual([[...state.unread], state.items[1].read_at], [['b'], 'now'])
  state = withTold(state, told('a', 1, { data: { is_corrected: true } }))
  assert.deepEqual([state.items.length, state.unread.size, state.items[1].read_at], [2, 2, null])
  assert.equal(withAllRead(state, 'now').unread.size, 0)
  assert.deepEqual(without(state, 'b').items.map((one) => one.id), ['a'])
})

test('a page says what is read; the first one begins the list anew', () => {
  let state = withTold(nothingTold, told('gone', 9))
  state = withPage(state, { items: [told('b', 2, { read_at: null }), told('a', 1, { read_at: 'then' })], next_cursor: 'more' }, true)
  assert.deepEqual([state.items.map((one) => one.id), state.unread.has('b'), state.next], [['b', 'a'], true, 'more'])
  state = withPage(state, { items: [told('0', 0, { read_at: 'then' })], next_cursor: null }, false)
  assert.deepEqual([state.items.map((one) => one.id), state.next], [['b', 'a', '0'], null])
})

test('what comes over the socket is acknowledged once for all that came at a time, and heard once', async () => {
  const sent = []
  const heard = []
  const notices = new Notifications({ rest: {}, send: (frame) => sent.push(frame), onNew: (one) => heard.push(one.id) })
  assert.equal(notices.hear({ type: 'ping' }), false)
  for (const id of ['a', 'b', 'a']) assert.equal(notices.hear({ type: 'notification', notification: told(id, 1) }), true)
  await new Promise((done) => setTimeout(done, 250))
  assert.deepEqual(sent, [{ type: 'ack_notifications', ids: ['a', 'b', 'a'] }])
  assert.deepEqual([heard, notices.unread.get()], [['a', 'b'], 2])
})

test('what the server did not take is shown as it is there', async () => {
  const there = { items: [told('a', 1, { read_at: null })], next_cursor: null }
  const rest = { get: async () => there, put: async () => { throw Object.assign(new Error(), { status: 503, code: 'overloaded' }) } }
  const notices = new Notifications({ rest, send: () => true })
  await notices.load()
  await notices.read('a')
  assert.deepEqual([notices.unread.get(), notices.state.get().error.code], [1, 'overloaded'])
})

test('what is between me and another user', () => {
  const lists = { friends: [{ user: { id: 'f' } }], asking: [{ id: 'r1', from: { id: 'a' } }], asked: [{ id: 'r2', to: { id: 'b' } }], blocked: [{ user: { id: 'x' } }] }
  assert.deepEqual(['me', 'f', 'a', 'b', 'x', 'n'].map((id) => relationOf(lists, id, 'me').kind), ['self', 'friend', 'asks', 'asked', 'blocked', 'none'])
  assert.equal(relationOf(lists, 'a', 'me').request, 'r1')
})

test('people are found by any of their names, and invited where they are not yet', () => {
  const users = [{ id: '1', display_name: 'Борис', username: 'boris' }, { id: '2', display_name: 'Анна', username: null }]
  assert.deepEqual(matching(users, 'БОР').map((user) => user.id), ['1'])
  assert.deepEqual(matching(users, '').map((user) => user.id), ['1', '2'])
  assert.deepEqual(invitable(users, { participants: [{ user_id: '1', left_at: null }, { user_id: '2', left_at: 'then' }] }).map((user) => user.id), ['2'])
})

test('found words are marked as text, whatever they are', () => {
  assert.deepEqual(marked('Мел беру я', 'мел'), [['Мел', true], [' беру я', false]])
  assert.deepEqual(marked('a.b (c', '.b ('), [['a', false], ['.b', true], [' ', false], ['(', true], ['c', false]])
  assert.deepEqual(marked('слово', ' '), [['слово', false]])
  assert.equal(marked(`${'x'.repeat(200)}мел`, 'мел')[0][0], `…${'x'.repeat(40)}`)
})

test('a device is called as a person would call it', () => {
  assert.equal(deviceName('Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36'), 'Chrome, Android')
  assert.equal(deviceName('Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'), 'Safari, iPhone')
  assert.equal(deviceName('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0'), 'Edge, Windows')
  assert.deepEqual([deviceName('curl/8.5.0'), deviceName(null)], ['curl', null])
  assert.ok(isPhone('… Android 14 …') && !isPhone('… Windows NT …'))
})

test('the own place on a board is looked for page by page, not for ever', async () => {
  const asked = []
  const read = async (path) => {
    asked.push(path)
    return { items: [{ user_id: `u${asked.length}` }], next_cursor: asked.length < 9 ? `c${asked.length}` : null }
  }
  assert.equal((await placeOf(read, { by: 'wins', scope: 'all' }, 'u3')).user_id, 'u3')
  assert.deepEqual(asked, ['', '&cursor=c1', '&cursor=c2'].map((cursor) => `/api/v1/stats/leaderboard?by=wins&limit=200${cursor}`))
  assert.equal(await placeOf(read, {}, 'nobody'), null)
  assert.equal(asked.length, 8)
  assert.equal(await placeOf(read, {}, 'nobody'), null, 'the last page has come')
  assert.equal(asked.length, 9)
})
