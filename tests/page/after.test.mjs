// What comes after a game and beside the table: boards, overlays, replays, charts, pictures, repeats, clubs, operators. Pure parts.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { auditPath, forEachOf, namesIn, newestFirst, nodeState, queueState } from '../../static/admin_view.js'
import { linesOf, spread, ticksOf } from '../../static/chart_scale.js'
import { liveTables, mayRemove, tableLines } from '../../static/club_view.js'
import { happened } from '../../static/components/admin_audit.js'
import { across } from '../../static/components/board_columns.js'
import { totalsOf } from '../../static/components/board_evening.js'
import { fileName } from '../../static/download.js'
import { fitted, HUES } from '../../static/evening_picture.js'
import { gameLines, lateMoves } from '../../static/evening_view.js'
import { apply, nothing } from '../../static/game_state.js'
import { onlyLastGame } from '../../static/game_view.js'
import { GAMES, gameOf } from '../../static/games/index.js'
import en from '../../static/i18n/en.js'
import ru from '../../static/i18n/ru.js'
import { loadWords } from '../../static/i18n.js'
import { keepOrder, keptOrder, orderIn, repeatOf } from '../../static/repeat.js'
import { replayOf, scoresAt, since } from '../../static/replay.js'

const RULES = { ...GAMES[0].defaults(), point_price: 5000 }
const event = (seq, type, data = {}, game_id = null) => ({ seq, type, data, game_id, session_id: 's', timestamp: new Date(Date.UTC(2026, 0, 31, 18, 0, seq)).toISOString() })
const nets = (a, b) => [{ participant_id: 'a', place: a < b ? 2 : 1, points: 0, net: a }, { participant_id: 'b', place: b < a ? 2 : 1, points: 0, net: b }]
const opening = [
  event(1, 'session.created', { name: 'Friday', creator_user_id: 'u-a', creator_participant_id: 'a', creator_display_name: 'Анна', max_players: 8, is_private: true, rules: RULES }),
  event(2, 'session.player_joined', { participant_id: 'b', user_id: null, display_name: 'Борис', role: 'participant', is_guest: true, can_score: false, is_active: true }),
]
const started = (seq, id, number) => event(seq, 'game.started', { number, order: ['b', 'a'] }, id)
const potted = (seq, id, total) => event(seq, 'game.ball_potted', { participant_id: 'a', color: 'pink', points: 6, total_score: total, balls_potted: total / 6, next_participant_id: 'a', nets: nets(total * 5000, -total * 5000) }, id)
const ended = (seq, id, a) => event(seq, 'game.ended', { results: nets(a, -a), duration_seconds: 60 }, id)
const log = [...opening, started(3, 'g1', 1), potted(4, 'g1', 6), potted(5, 'g1', 12), ended(6, 'g1', 60000), started(7, 'g2', 2), potted(8, 'g2', 6)]
const fold = (events) => events.reduce(apply, nothing)

test('a board keeps the events of one game only, however long it is on', () => {
  const shown = onlyLastGame(fold(log))
  assert.deepEqual(shown.events.map((e) => e.seq), [7, 8])
  assert.deepEqual(shown.games.map((g) => g.id), ['g1'], 'the last game comes back when the running one is cancelled')
  assert.deepEqual(onlyLastGame(fold(log.slice(0, 6))).events.map((e) => e.game_id), ['g1', 'g1', 'g1', 'g1'])
  assert.equal(onlyLastGame(nothing).events.length, 0)
})

test('a board shows everybody: ten stand in two rows', () => {
  assert.deepEqual([2, 6, 7, 8, 10].map(across), [2, 6, 4, 4, 5])
})

test('the totals of a board are the server’s where it told them', () => {
  const state = fold(log.slice(0, 6))
  assert.deepEqual(totalsOf(state.session, state.games[0], null).map((row) => [row.id, row.net]), [['a', 60000], ['b', -60000]])
  assert.deepEqual(totalsOf(state.session, state.games[0], { totals: [{ participant_id: 'a', net: 1 }, { participant_id: 'b', net: 5 }] }).map((row) => row.id), ['b', 'a'])
})

test('a replay folds a game mark by mark, from its start to its end', () => {
  const frames = replayOf([...log, event(9, 'game.event_voided', { voided_seq: 5, scores: [{ participant_id: 'a', points: 6 }, { participant_id: 'b', points: 0 }], results: nets(30000, -30000) }, 'g1')], 'g1')
  assert.deepEqual(frames.map((f) => f.event.type), ['game.started', 'game.ball_potted', 'game.ball_potted', 'game.ended', 'game.event_voided'])
  assert.deepEqual(frames.slice(0, 3).map((f) => scoresAt(f).find((s) => s.participant_id === 'a').points), [0, 6, 12])
  assert.equal(scoresAt(frames.at(-1)).find((s) => s.participant_id === 'a').net, 30000, 'what was put right later is its last moment')
  assert.equal(since(frames, 2), 2000)
  assert.deepEqual(replayOf(log.filter((e) => e.seq !== 4), 'g1'), [], 'a log with a gap is no replay')
})

test('late corrections are told by game, with the sums before and after', () => {
  const fix = (seq, a, type = 'game.event_voided') => event(seq, type, { voided_seq: 4, results: nets(a, -a) }, 'g1')
  const before = log.slice(0, 6)
  assert.deepEqual(lateMoves(before), [])
  assert.deepEqual(lateMoves([...before, fix(7, 30000)]), [{ game_id: 'g1', number: 1, changes: [{ participant_id: 'a', before: 60000, after: 30000 }, { participant_id: 'b', before: -60000, after: -30000 }] }])
  assert.deepEqual(lateMoves([...before, fix(7, 30000), fix(8, 60000)]), [], 'there and back is nothing')
  assert.deepEqual(lateMoves([...before, fix(7, 30000), event(8, 'session.completed')], { afterEvening: true }), [])
  assert.equal(lateMoves([...before, event(7, 'session.completed'), fix(8, 30000)], { afterEvening: true }).length, 1)
  assert.deepEqual(lateMoves([...before, fix(7, 30000), ended(8, 'g1', 30000)]), [], 'a game that ended anew is settled anew')
})

test('games are listed newest first and found by a player', () => {
  const state = fold([...log, ended(9, 'g2', -10000)])
  const lines = gameLines(state.games, state.session)
  assert.deepEqual(lines.map((l) => [l.game.number, l.winners[0], l.net]), [[2, 'Борис', 10000], [1, 'Анна', 60000]])
  assert.deepEqual(gameLines(state.games, state.session, ' анн').map((l) => [l.found.place, l.found.net]), [[2, -10000], [1, 60000]])
  assert.deepEqual(gameLines(state.games, state.session, 'Вера'), [])
})

test('a chart has a scale of round amounts that holds every balance', () => {
  for (const values of [[0, 5000], [-60000, 60000, 20000], [0], [-1, 1], [0, 123456789]]) {
    const ticks = ticksOf(values)
    assert.ok(ticks[0] <= Math.min(0, ...values) && ticks.at(-1) >= Math.max(...values), String(ticks))
    assert.ok(ticks.includes(0) && ticks.length >= 2 && ticks.length <= 7, String(ticks))
  }
  const balance = { participants: [{ participant_id: 'a', games: [{ number: 1, net: 5 }, { number: 3, net: -2 }] }, { participant_id: 'b', games: [{ number: 3, net: 2 }] }, { participant_id: 'c', games: [] }] }
  assert.deepEqual(linesOf(balance).map((l) => [l.id, l.points]), [['a', [0, 5, 3]], ['b', [0, 0, 2]]])
  const places = spread(Array.from({ length: 10 }, (_, i) => ({ i, y: 80 })), 14, 220).map((end) => end.y)
  assert.ok(places.every((y, i) => i === 0 || y - places[i - 1] >= 14) && places.at(-1) <= 220 && places[0] >= 0, String(places))
})

test('a picture cuts what has no room, and a file has a name that every system takes', () => {
  const width = (text) => [...text].length
  assert.equal(fitted('Анна', 4, width), 'Анна')
  assert.equal(fitted('Вячеслав Константинович', 10, width), 'Вячеслав…')
  assert.equal(fileName({ name: 'Пятница / «Кий»?', created_at: '2026-01-31T18:00:00Z' }, 'png'), 'Пятница  Кий 2026-01-31.png')
  assert.equal(fileName({ name: '///', created_at: '2026-01-31T18:00:00Z' }, 'csv'), 'artel 2026-01-31.csv')
})

test('an evening is repeated with its rules, its people and its order', () => {
  const state = fold(log.slice(0, 6))
  const plan = repeatOf(state.session, state.games[0], 'u-a')
  assert.deepEqual(plan.body, { name: 'Friday', rules: RULES, is_private: true, max_players: 8 })
  assert.deepEqual(plan.people, [{ name: 'Борис', seat: { display_name: 'Борис' } }])
  assert.deepEqual(plan.order, ['name:Борис', 'u-a'])
  const next = { id: 's2', participants: [{ id: 'x', user_id: 'u-a', display_name: 'Анна' }, { id: 'z', user_id: null, display_name: 'Новый' }, { id: 'y', user_id: null, display_name: 'Борис' }] }
  assert.deepEqual(orderIn(next, plan.order), ['y', 'x', 'z'])
  assert.equal(keptOrder(next), null, 'nothing is kept where the browser keeps nothing')
  const kept = new Map()
  globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) }
  keepOrder('s2', plan.order)
  assert.deepEqual(keptOrder(next), ['y', 'x', 'z'])
  delete globalThis.localStorage
})

test('every game explains itself in money, and the sums come to nothing', () => {
  const variants = GAMES.flatMap((game) => [game.defaults(), { ...game.defaults(), format: '2x2', payer: 'everyone' }, { ...game.defaults(), foul: { kind: 'pool' } }, { ...game.defaults(), foul: { kind: 'offender_minus_one' } }])
  for (const rules of variants) {
    if (rules.game_type !== GAMES[0].type && rules.foul?.kind === 'pool') continue
    if (rules.game_type === GAMES[0].type && rules.foul?.kind === 'offender_minus_one') continue
    const { players, steps } = gameOf(rules).example(rules)
    assert.ok(steps.length > 0 && players <= ru['example.names'].split(', ').length)
    for (const step of steps) {
      assert.ok(step.key in ru && step.key in en, step.key)
      if (step.nets) assert.deepEqual([step.nets.length, step.nets.reduce((a, b) => a + b)], [players, 0], JSON.stringify(rules))
    }
  }
  const ring = GAMES[0].example(RULES).steps
  assert.deepEqual(ring[0].nets, [35000, 0, -35000], 'the one before pays: the last one pays the first')
  assert.deepEqual(GAMES[0].example({ ...RULES, payer: 'everyone' }).steps[0].nets, [70000, -35000, -35000])
})

test('every game says what is on the table, for a board', async () => {
  await loadWords()
  const game = { remaining: [{ color: 'white', count: 3 }, { color: 'pink', count: null }], scores: [{ break: 8 }, { break: 0 }] }
  assert.match(GAMES[0].onTable(game), /3/)
  assert.equal(GAMES[0].onTable({ ...game, remaining: [] }), '')
  const frame = GAMES.find((g) => g.type === 'snooker')
  assert.match(frame.onTable({ ...game, ball_on: 'color', points_remaining: 107 }), /107.* 8$/)
  for (const { onTable } of GAMES) assert.equal(typeof onTable(game), 'string')
})

test('a club sees the tables that are live, and who may remove whom', () => {
  const table = (id, status, created_at) => ({ id, status, created_at })
  assert.deepEqual(liveTables([table('w', 'waiting', '3'), table('d', 'completed', '4'), table('o', 'in_progress', '1'), table('n', 'in_progress', '2')]).map((s) => s.id), ['n', 'o', 'w'])
  assert.deepEqual(tableLines(fold(log).session).map((row) => [row.name, row.points, row.turn, row.net]), [['Борис', 0, false, -90000], ['Анна', 6, true, 90000]])
  const member = (role, id = 'x') => ({ role, user: { id } })
  assert.equal(mayRemove({ my_role: 'manager' }, member('member'), 'me'), true)
  assert.equal(mayRemove({ my_role: 'manager' }, member('manager'), 'me'), false)
  assert.equal(mayRemove({ my_role: 'owner' }, member('owner', 'me'), 'me'), false)
})

test('an operator sees what is behind, and the newest first', async () => {
  assert.deepEqual([{ consumers: 0, latency_ms: 0, target_ms: 5 }, { consumers: 1, latency_ms: 9, target_ms: 5 }, { consumers: 1, latency_ms: 1, target_ms: 5 }].map(queueState), ['idle', 'slow', 'fine'])
  assert.deepEqual([{ is_live: true, has_unpublished: false }, { is_live: false, has_unpublished: true }, { is_live: false, has_unpublished: false }].map(nodeState), ['live', 'behind', 'gone'])
  assert.equal(auditPath({ by: 'user_id', id: ' u ' }, null), '/api/v1/admin/audit?order=newest&limit=200&user_id=u')
  // Two evenings at once: the log of one comes after all of the other's.
  const [one, two, other, last] = ['10:00', '12:00', '11:00', '12:00'].map((at, id) => ({ id, timestamp: `2026-05-01T${at}:00Z` }))
  const pages = [{ items: [last, other], next_cursor: 'x' }, { items: [two, one], next_cursor: null }]
  assert.deepEqual(await newestFirst(async () => pages.shift(), { by: 'user_id', id: '' }), { items: [last, two, other, one], cut: false })
  assert.equal((await newestFirst(async () => ({ items: [one], next_cursor: 'more' }), { by: 'user_id', id: '' }, 2)).cut, true)
  await loadWords()
  const log = [...opening, started(3, 'g1', 1), potted(4, 'g1', 6), event(5, 'session.player_left', { participant_id: 'b' }), event(6, 'stats.achievement_check')].map((e) => ({ ...e, event_type: e.type }))
  assert.deepEqual(log.map((entry) => happened(entry, namesIn(log))), ['Evening opened: Friday', 'Борис joined', 'Game 1 started', 'Анна · pink +6', 'Борис left', null])
  assert.equal(happened(log[4], new Map()), '… left')
  const failed = await forEachOf(['ok', 'gone', 'broken'], async (id) => { if (id !== 'ok') throw Object.assign(new Error(id), { status: id === 'gone' ? 404 : 500 }) })
  assert.deepEqual(failed.map((f) => f.id), ['broken'])
})

test('a picture of the evening has the lines in the colours of the page', () => {
  const css = readFileSync(new URL('../../static/css/evening.css', import.meta.url), 'utf8')
  assert.deepEqual(HUES, [...css.matchAll(/\.line-\d \{ --lc: var\((--[\w-]+)\) \}/g)].map((match) => match[1]))
})
