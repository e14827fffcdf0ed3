// What is kept on a device, in pure parts: marks that wait in several tabs, and what was seen last.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { logout } from '../../static/api.js'
import { LastSeen } from '../../static/last_seen.js'
import { Outbox, inOrder } from '../../static/outbox.js'

Object.defineProperty(globalThis, 'navigator', { value: { language: 'ru-RU' }, configurable: true })
globalThis.document ??= { documentElement: {} }
// Else a token would be renewed for ever.
after(logout)
const { LiveSession } = await import('../../static/live_session.js')

function storage() {
  const map = new Map()
  return { map, get length() { return map.size }, key: (i) => [...map.keys()][i], getItem: (k) => map.get(k) ?? null, setItem: (k, v) => map.set(k, v), removeItem: (k) => map.delete(k) }
}

/** Tabs of one user over one storage: each hears what another one writes once `hear` is called, as a browser tells it later. */
function tabs(names) {
  const map = new Map()
  let time = 0
  const told = []
  const all = Object.fromEntries(names.map((name) => {
    const tab = { sent: [], shown: [] }
    const write = (key, work) => {
      work()
      told.push([name, key])
    }
    tab.storage = {
      get length() { return map.size }, key: (i) => [...map.keys()][i], getItem: (k) => map.get(k) ?? null,
      setItem: (k, v) => write(k, () => map.set(k, v)), removeItem: (k) => write(k, () => map.delete(k)),
    }
    let n = 0
    tab.box = new Outbox({
      user: 'u', storage: tab.storage, newId: () => `${name}${(n += 1)}`, now: () => (time += 1),
      send: (frame) => Boolean(tab.sent.push(frame)), onChange: (items) => { tab.shown = items.map(({ id }) => id) },
    })
    return [name, tab]
  }))
  const hear = () => {
    while (told.length) {
      const [from, key] = told.shift()
      for (const name of names) if (name !== from) all[name].box.changed(key)
    }
  }
  return { ...all, map, hear }
}

const pot = (color) => ({ type: 'pot_ball', color })
const ids = ({ sent }) => sent.map(({ id }) => id)

test('what waits in one tab is seen in the other, and taken back there', () => {
  const { a, b, map, hear } = tabs(['a', 'b'])
  const { id } = a.box.add('s', pot('white'))
  hear()
  assert.deepEqual(b.shown, [id])
  b.box.undo(id)
  hear()
  assert.deepEqual([a.shown, b.shown, map.size], [[], [], 0])
})

test('two tabs send what waits in one order, and an answer to either ends it in both', () => {
  const { a, b, map, hear } = tabs(['a', 'b'])
  for (const tab of [a, b, a, b]) tab.box.add('s', pot('white'))
  hear()
  assert.deepEqual([a.shown, b.shown], [['a1', 'b1', 'a2', 'b2'], ['a1', 'b1', 'a2', 'b2']])
  a.box.connected()
  b.box.connected()
  hear()
  assert.deepEqual([ids(a), ids(b)], [['a1'], ['a1']], 'nothing overtakes what has no answer yet')
  a.box.acknowledged('a1', [{ seq: 1 }])
  hear()
  assert.deepEqual([ids(a).at(-1), ids(b).at(-1)], ['b1', 'b1'])
  b.box.acknowledged('b1', [{ seq: 2 }])
  a.box.acknowledged('b1', [{ seq: 2 }])
  hear()
  for (const tab of [b, a]) {
    tab.box.acknowledged('a2')
    hear()
    tab.box.acknowledged('b2')
    hear()
  }
  assert.deepEqual([a.shown, b.shown, map.size], [[], [], 0])
  for (const tab of [a, b]) assert.deepEqual([...new Set(ids(tab))], ['a1', 'b1', 'a2', 'b2'].filter((id) => ids(tab).includes(id)))
})

test('a mark that another tab has tried is not taken for unsent, and is taken back once', () => {
  const { a, b, hear } = tabs(['a', 'b'])
  a.box.add('s', pot('white'))
  hear()
  a.box.connected()
  // Not told yet: the storage alone knows that it is on its way.
  b.box.undo('a1')
  assert.deepEqual(b.shown, ['a1'])
  hear()
  b.box.connected()
  a.box.acknowledged('a1', [{ seq: 7 }])
  b.box.acknowledged('a1', [{ seq: 7 }])
  hear()
  const voids = [...a.sent, ...b.sent].filter(({ command }) => command.type === 'void_event')
  assert.ok(voids.length > 0)
  assert.deepEqual([...new Set(voids.map(({ id, command }) => `${id} ${command.seq}`))].length, 1, 'one id, however many tabs ask')
})

test('what was put at the same moment has one order in all tabs', () => {
  const [one, other] = [{ id: 'a', n: 5 }, { id: 'b', n: 5 }]
  assert.deepEqual(inOrder([one, other]), inOrder([other, one]))
})

test('what another tab has tried is said as it was', () => {
  const { a, b, hear } = tabs(['a', 'b'])
  a.box.put({ session_id: 's', command: pot('white') })
  hear()
  a.box.connected()
  assert.equal(b.box.revise('a1', { command: pot('pink') }), false)
})

test('what a closed tab left is sent by the other one', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const { a, b, hear } = tabs(['a', 'b'])
  b.box.connected()
  a.box.add('s', pot('white'))
  hear()
  assert.deepEqual(ids(b), [])
  context.mock.timers.tick(1000)
  assert.deepEqual(ids(b), ['a1'])
})

test('a refusal that one tab heard is shown in the other, and dismissed in both', () => {
  const { a, b, map, hear } = tabs(['a', 'b'])
  a.box.connected()
  a.box.add('s', pot('white'))
  hear()
  a.box.refused('a1', 'not_your_turn')
  hear()
  assert.deepEqual(b.box.items().map(({ state, code }) => [state, code]), [['refused', 'not_your_turn']])
  b.box.undo('a1')
  hear()
  assert.deepEqual([a.shown, map.size], [[], 0])
})

test('what is torn or of another shape is not there', () => {
  const seen = new LastSeen(storage())
  seen.keep('user', { id: 'anna' })
  assert.deepEqual(new LastSeen(seen.storage).read('user'), { id: 'anna' })
  seen.storage.setItem('artel.seen.user', '{"shape":0,"value":{"id":"anna"}}')
  seen.storage.setItem('artel.seen.evenings', '{"sha')
  assert.deepEqual([seen.read('user'), seen.read('evenings'), seen.evening('a')], [null, null, null])
})

test('the last five evenings are kept, and nothing after the login is over', () => {
  const kept = storage()
  kept.setItem('artel.outbox.u.1', '{}')
  const seen = new LastSeen(kept)
  for (const id of ['a', 'b', 'c', 'd', 'e', 'a', 'f']) seen.keepEvening(id, { id })
  assert.deepEqual(['a', 'b', 'c', 'd', 'e', 'f'].filter((id) => seen.evening(id)), ['a', 'c', 'd', 'e', 'f'])
  seen.forget()
  assert.deepEqual([...kept.map.keys()], ['artel.outbox.u.1'])
})

test('where an evening does not fit any more nothing of it is kept: an older state would be a lie', () => {
  const seen = new LastSeen(storage())
  seen.keepEvening('a', { seq: 1 })
  seen.storage.setItem = () => { throw new Error('full') }
  seen.keepEvening('a', { seq: 2 })
  assert.equal(seen.evening('a'), null)
})

test('an evening is shown as it was seen last until the server tells of it, and is gone for who has no place there', () => {
  const session = { id: 's', seq: 5, status: 'waiting', participants: [], games_played: 0, current_game: null }
  const event = (seq, game_id) => ({ seq, game_id, type: 'game.turn_changed', data: {} })
  const seen = { state: { session, seq: 5, games: [], events: [event(5, 'g')], stale: false }, balance: { transfers: [] }, logComplete: true }
  let asked = 0
  const open = (more) => new LiveSession('s', { resubscribe: () => { asked += 1 }, seen, ...more })
  const live = open()
  assert.equal(live.store.get().state.session, session)
  assert.deepEqual([live.afterSeq(), live.toKeep()], [null, null], 'what is old is neither gone on from nor kept again')
  live.hear({ type: 'event', event: event(9, 'g') })
  assert.deepEqual([live.store.get().state.seq, live.store.get().told, asked], [5, false, 0], 'the snapshot will contain it')
  let gone = 0
  const outside = open({ onGone: () => { gone += 1 } })
  outside.hear({ type: 'error', code: 'overloaded' })
  assert.equal(outside.store.get().state.session, session)
  outside.hear({ type: 'error', code: 'not_found' })
  assert.deepEqual([outside.store.get().state.session, outside.store.get().error, gone], [null, 'not_found', 1])
})

const place = (id) => ({ id, user_id: id, display_name: id, role: 'participant', is_active: true, can_score: true, balance: 0, games_played: 0, balls_potted: 0 })
const running = (seq, more) => ({ id: 's', name: 'Friday', status: 'in_progress', seq, participants: [place('a'), place('b')], games_played: 1, table: null, current_game: { id: 'g2', number: 2, order: ['a', 'b'], scores: [] }, ...more })
const mark = (seq, game_id) => ({ seq, game_id, type: 'game.turn_changed', data: {} })
const friday = { session: running(9), seq: 9, events: [mark(4, 'g1'), mark(8, 'g2'), mark(9, 'g2')], games: [0, 1].map((number) => ({ id: `g${number}`, number, status: 'completed' })), stale: false }

/** An evening that was seen before, and a server of this script for the rest of it. */
function reopened(answers = {}) {
  globalThis.fetch = async (path) => {
    const body = Object.entries(answers).find(([ending]) => path.split('?')[0].endsWith(ending))?.[1] ?? { access_token: 't', expires_in: 3600, items: [], last_seq: 0 }
    return new Response(JSON.stringify(body))
  }
  const live = new LiveSession('s', { resubscribe: () => {}, seen: { state: friday, balance: null, logComplete: false } })
  return { live, shown: () => live.store.get() }
}

test('of an evening are kept all its games, and the events of the one that is shown', () => {
  const { live } = reopened()
  live.hear({ type: 'subscribed', session_id: 's', seq: 9, session: running(9), events: [] })
  const { state } = live.toKeep()
  assert.deepEqual([state.events.map(({ seq }) => seq), state.games.map(({ id }) => id)], [[8, 9], ['g0', 'g1']])
})

test('what no event tells of an evening that was seen is asked for, as after a first snapshot', async () => {
  const { live, shown } = reopened({ '/sessions/s': running(9, { name: 'Saturday' }), '/balance': { totals: [] } })
  live.hear({ type: 'subscribed', session_id: 's', seq: 9, session: running(9), events: [] })
  await live.answered
  while (shown().state.session.name !== 'Saturday' || !shown().balance || !shown().logComplete) await new Promise(setImmediate)
})

test('a server that was set back is believed', () => {
  const { live, shown } = reopened()
  assert.deepEqual([shown().state.seq, shown().told], [9, false])
  live.hear({ type: 'subscribed', session_id: 's', seq: 5, session: running(5), events: [] })
  assert.deepEqual([shown().state.seq, shown().told, shown().state.events], [5, true, []])
})

test('whoever waits for the first word hears a refusal too', async () => {
  const { live } = reopened()
  live.hear({ type: 'error', session_id: 's', code: 'not_found' })
  await live.answered
})

test('of a table that one was removed from nothing is left, whatever was asked for meanwhile; a refused mark is another thing', async () => {
  const { live, shown } = reopened({ '/sessions/s': running(9, { name: 'Saturday' }), '/balance': { totals: [] } })
  let gone = 0
  live.onGone = () => { gone += 1 }
  live.hear({ type: 'subscribed', session_id: 's', seq: 9, session: running(9), events: [] })
  live.hear({ type: 'error', id: 'of a mark', session_id: 's', code: 'insufficient_permissions' })
  assert.deepEqual([shown().state.session.id, gone], ['s', 0])
  live.hear({ type: 'error', session_id: 's', code: 'participant_removed' })
  const nothingLeft = () => {
    const { state, balance, online, told, error } = shown()
    assert.deepEqual([state.session, state.events, balance, online, told, error, gone], [null, [], null, null, false, 'participant_removed', 1])
    assert.deepEqual([live.toKeep(), live.afterSeq()], [null, null])
  }
  nothingLeft()
  for (let round = 0; round < 20; round += 1) await new Promise(setImmediate)
  nothingLeft()
})
