// The pure parts of the page: state, views of it, money, rules draft, outbox. Run with `node --test`.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { adopt, apply, fromSnapshot, nothing, withEvents } from '../../static/game_state.js'
import { expectedTurn, lastMark, lateCorrections, mayScore, pottedBalls, standing, unsettled, voidedSeqs } from '../../static/game_view.js'
import { formatMoney, moneyInput, parseMoney, trend } from '../../static/money.js'
import { Outbox, fail, nextToSend, unsend } from '../../static/outbox.js'
import { GAMES } from '../../static/games/index.js'
import { kolkhoz } from '../../static/games/kolkhoz.js'
import { defaultRules, fromDraft, toDraft } from '../../static/rules_draft.js'
import en from '../../static/i18n/en.js'
import ru from '../../static/i18n/ru.js'

const T = '\u2009'
const RULES = { ...defaultRules('kolkhoz'), balls: [{ color: 'white', points: 1, count: 2 }, { color: 'pink', points: 6, count: 1 }] }
const event = (seq, type, data = {}, more = {}) => ({ seq, type, data, game_id: type.startsWith('game.') ? 'g1' : null, session_id: 's', timestamp: '2026-01-31T18:04:05.123Z', ...more })
const joined = (seq, id, more) => event(seq, 'session.player_joined', { participant_id: id, user_id: `u-${id}`, display_name: id, role: 'participant', is_guest: false, can_score: true, is_active: true, ...more })
const pot = (seq, id, color, points, total, next = id, more = {}) => event(seq, 'game.ball_potted', { participant_id: id, color, points, total_score: total, balls_potted: 1, next_participant_id: next, ...more })

const opening = [
  event(1, 'session.created', { code: 'SD76KG', name: 'Friday', creator_user_id: 'u-a', creator_participant_id: 'a', creator_display_name: 'a', max_players: 8, is_private: true, rules: RULES }),
  joined(2, 'b'),
  event(3, 'game.started', { number: 1, order: ['a', 'b'], game_type: 'kolkhoz' }),
]
const play = (...events) => [...opening, ...events].reduce(apply, nothing)
const game = (state) => state.session.current_game
const score = (state, id) => game(state).scores.find((s) => s.participant_id === id)

test('a session grows from its events alone', () => {
  const state = play()
  assert.equal(state.session.status, 'in_progress')
  assert.equal(state.session.seq, 3)
  assert.deepEqual(game(state).remaining, [{ color: 'white', count: 2 }, { color: 'pink', count: 1 }])
  assert.equal(game(state).current_participant_id, 'a')
})

test('an event that this page does not know is asked for as a whole', () => {
  const state = apply({ ...play(), refetch: false }, event(4, 'game.ball_rerated', { color: 'pink', points: 7 }))
  assert.deepEqual([state.seq, state.refetch, state.stale], [4, true, false])
})

test('a pot moves points, balls, live money and what is left', () => {
  const state = play(pot(4, 'a', 'pink', 6, 6, 'a', { nets: [{ participant_id: 'a', net: 30000 }, { participant_id: 'b', net: -30000 }] }))
  assert.deepEqual(score(state, 'a'), { participant_id: 'a', points: 6, balls_potted: 1, fouls: 0, net: 30000 })
  assert.equal(score(state, 'b').net, -30000)
  assert.deepEqual(game(state).remaining[1], { color: 'pink', count: 0 })
})

test('a frame of snooker is folded ball by ball: what is on, what is left, breaks', () => {
  const rules = defaultRules('snooker')
  const left = (red) => [{ color: 'red', count: red }, ...['yellow', 'green', 'brown', 'blue', 'pink', 'black'].map((color) => ({ color, count: 1 }))]
  const frame = [
    { ...opening[0], data: { ...opening[0].data, rules } }, opening[1],
    event(3, 'game.started', { number: 1, order: ['a', 'b'], game_type: 'snooker', ball_on: 'red', points_remaining: 147, remaining: left(15) }),
  ]
  const after = (...events) => [...frame, ...events].reduce(apply, nothing)
  const on = (ball_on, points_remaining, more) => ({ ball_on, points_remaining, ...more })
  assert.deepEqual([game(after()).ball_on, game(after()).points_remaining, game(after()).remaining], ['red', 147, left(15)])
  const two = after(pot(4, 'a', 'red', 2, 2, 'a', on('color', 138, { count: 2, remaining: left(13) })), pot(5, 'a', 'black', 7, 9, 'a', on('red', 131, { remaining: left(13) })))
  assert.deepEqual([game(two).ball_on, game(two).points_remaining, game(two).remaining], ['red', 131, left(13)])
  assert.deepEqual([score(two, 'a').break, score(two, 'a').high_break, two.session.participants[0].balls_potted], [9, 9, 3])
  const foul = apply(two, event(6, 'game.foul_committed', { participant_id: 'a', points: 4, total_score: 9, awarded_to: 'b', next_participant_id: 'b', reds: 1, ...on('red', 123, { remaining: left(12) }) }))
  assert.deepEqual([score(foul, 'a').break, score(foul, 'a').high_break, score(foul, 'b').points, game(foul).remaining], [0, 9, 4, left(12)])
  const free = apply(foul, pot(7, 'b', 'green', 1, 5, 'b', on('color', 130, { free_ball: true, remaining: left(12) })))
  assert.deepEqual([game(free).remaining, score(free, 'b').break], [left(12), 1])
  const black = apply(free, pot(8, 'b', 'black', 7, 12, 'b', on('black', 7, { remaining: left(0) })))
  assert.deepEqual([score(black, 'b').break, score(black, 'b').high_break], [0, 8], 'spotted again: a visit begins')
  const last = after(pot(4, 'a', 'yellow', 2, 2, 'a', on('color', 138, { free_ball: true })))
  assert.equal(game(apply(last, event(5, 'game.turn_changed', { participant_id: 'a', next_participant_id: 'b', ...on('red', 147) }))).ball_on, 'red')
})

test('a match is asked for where it may have changed, and only once', () => {
  const rules = { ...defaultRules('snooker'), race_to: 2 }
  const opened = [{ ...opening[0], data: { ...opening[0].data, rules } }, opening[1], event(3, 'game.started', { number: 1, order: ['a', 'b'], game_type: 'snooker' })]
  const started = opened.reduce(apply, nothing)
  assert.equal(started.refetch, true)
  const read = adopt(started, { ...started.session, match: { race_to: 2, won: [], winner_participant_ids: null } })
  assert.equal(read.refetch, false)
  assert.equal(apply(read, pot(4, 'a', 'red', 1, 1)).refetch, false)
  assert.equal(apply(read, event(4, 'game.cancelled')).refetch, true)
  assert.deepEqual(fromDraft({ ...toDraft(rules), race: '' }).rules.race_to, undefined)
})

test('collected fines leave their owners and are already in the total of the potter', () => {
  const state = play(pot(4, 'a', 'white', 1, 2, 'a', { fines: [{ participant_id: 'b', points: 1 }] }))
  assert.equal(score(state, 'a').points, 2)
  assert.equal(score(state, 'b').points, -1)
})

test('an event seen before changes nothing', () => {
  const state = play(pot(4, 'a', 'white', 1, 1))
  assert.equal(apply(state, pot(4, 'a', 'white', 1, 1)), state)
})

test('a gap is asked for, not guessed', () => {
  const state = apply(play(), pot(5, 'a', 'white', 1, 1))
  assert.equal(state.stale, true)
  assert.equal(state.seq, 3)
})

test('an event of an unknown type is counted and else ignored', () => {
  const state = play(event(4, 'session.confetti', { much: true }))
  assert.equal(state.seq, 4)
  assert.equal(score(state, 'a').points, 0)
})

test('a foul may give its points to another player', () => {
  const foul = event(4, 'game.foul_committed', { participant_id: 'a', points: 1, total_score: 0, awarded_to: 'b', next_participant_id: 'b', reason: null })
  const state = play(foul)
  assert.deepEqual([score(state, 'a').fouls, score(state, 'a').points, score(state, 'b').points], [1, 0, 1])
  assert.equal(game(state).current_participant_id, 'b')
})

test('a void puts scores, turn and table as the event says', () => {
  const scores = [{ participant_id: 'a', points: 0, balls_potted: 0, fouls: 0, net: 0 }, { participant_id: 'b', points: 0, balls_potted: 0, fouls: 0, net: 0 }]
  const state = play(pot(4, 'a', 'pink', 6, 6), event(5, 'game.event_voided', { voided_seq: 4, voided_type: 'game.ball_potted', scores, current_participant_id: 'a', remaining: [{ color: 'white', count: 2 }, { color: 'pink', count: 1 }], results: null }))
  assert.equal(score(state, 'a').points, 0)
  assert.deepEqual([...voidedSeqs(state.events)], [4])
  assert.equal(lastMark(state.events, 'g1'), null)
  assert.equal(pottedBalls(state.events, 'g1').size, 0)
})

const result = (id, net, points) => ({ participant_id: id, net, points, place: 1, balls_potted: 1, fouls: 0, earned: 0, paid: 0 })
const ended = (seq) => event(seq, 'game.ended', { reason: 'manual', duration_seconds: 60, results: [result('a', 30000, 6), result('b', -30000, 0)], winner_participant_ids: ['a'] })
const balances = (state) => state.session.participants.map((p) => p.balance)

test('the end of a game moves the balances, a later void moves them back', () => {
  const over = play(pot(4, 'a', 'pink', 6, 6), ended(5))
  assert.equal(game(over), null)
  assert.equal(over.games[0].results.length, 2)
  assert.deepEqual(balances(over), [30000, -30000])
  const after = apply(over, event(6, 'game.event_voided', { voided_seq: 4, scores: [], current_participant_id: null, results: [result('a', 0, 0), result('b', 0, 0)] }))
  assert.deepEqual(balances(after), [0, 0])
  assert.equal(after.session.games_played, 1)
})

test('late corrections are those that moved money', () => {
  const voided = (seq, net) => event(seq, 'game.event_voided', { voided_seq: 4, scores: [], results: [result('a', net, 0), result('b', -net, 0)] })
  const events = [ended(5), voided(6, 20000), event(7, 'session.completed'), voided(8, 20000), voided(9, 0),
    event(10, 'session.entry_voided', { voided_type: 'session.payment_marked' }), event(11, 'session.entry_voided', { voided_type: 'session.expense_added' })]
  assert.deepEqual(lateCorrections(events).map((e) => e.seq), [9, 11])
  assert.deepEqual(lateCorrections(events.slice(0, 2)), [])
})

test('a mark is no echo any more once the other one was taken back', () => {
  const events = [pot(4, 'a', 'white', 1, 1), pot(5, 'a', 'white', 1, 2, 'a', { echo_of: 4 })]
  assert.equal(lastMark(events, 'g1').data.echo_of, 4)
  assert.equal(lastMark([...events, event(6, 'game.event_voided', { voided_seq: 4 })], 'g1').data.echo_of, undefined)
})

test('where the table has a clock, the end of a game asks who pays for it', () => {
  const state = play(pot(4, 'a', 'pink', 6, 6))
  const clocked = { ...state, refetch: false, session: { ...state.session, table: { split: 'losers' } } }
  assert.deepEqual([apply({ ...state, refetch: false }, ended(5)).refetch, apply(clocked, ended(5)).refetch], [false, true])
})

test('a void of a game that is not known asks for the truth', () => {
  assert.equal(apply(play(), event(4, 'game.event_voided', { voided_seq: 1, scores: [] }, { game_id: 'other' })).refetch, true)
})

test('a snapshot older than what is known is ignored', () => {
  const state = play()
  assert.equal(adopt(state, { ...state.session, seq: 2 }), state)
  assert.equal(adopt(state, { ...state.session, seq: 9 }).seq, 9)
  assert.equal(fromSnapshot(state.session).seq, 3)
})

test('the log holds each event once and in order', () => {
  assert.deepEqual(withEvents([event(1, 'x'), event(3, 'x')], [event(2, 'x'), event(3, 'x')]).map((e) => e.seq), [1, 2, 3])
})

test('marks on their way move the expected turn, and leave once their event is there', () => {
  const state = play()
  const items = [{ id: 'k1', state: 'sent', command: { type: 'end_turn', participant_id: 'a' } }]
  assert.equal(expectedTurn(game(state), items), 'b')
  assert.equal(unsettled(items, [event(4, 'game.turn_changed', {}, { command_id: 'k1' })]).length, 0)
})

test('only the creator and those with the right may mark', () => {
  const state = play(event(4, 'session.player_updated', { participant_id: 'b', display_name: 'b', can_score: false }))
  assert.deepEqual(['u-a', 'u-b', 'u-x'].map((id) => mayScore(state.session, id)), [true, false, false])
})

test('the money as it stands is the evening and the running game', () => {
  const state = play(pot(4, 'a', 'pink', 6, 6), ended(5), event(6, 'game.started', { number: 2, order: ['b', 'a'], game_type: 'kolkhoz' }, { game_id: 'g2' }),
    pot(7, 'b', 'white', 1, 1, 'b', { nets: [{ participant_id: 'b', net: 5000 }] }))
  assert.equal(standing(state.session, 'b'), -25000)
})

test('the ring explains a result only where it adds up', () => {
  const results = [{ ...result('a', 15000, 6) }, { ...result('b', -15000, 3) }]
  assert.deepEqual(kolkhoz.ring({ order: ['a', 'b'], results }, RULES, 'a'), { previous: 'b', next: 'b', points: 6, nextPoints: 3, earned: 30000, paid: 15000 })
  assert.equal(kolkhoz.ring({ order: ['a', 'b'], results: [{ ...results[0], net: 1 }, results[1]] }, RULES, 'a'), null)
})

test('money has a sign, a real minus, a thin space, and kopecks only when there are any', () => {
  const signed = (minor) => formatMoney(minor, 'RUB', 'ru', { signed: true })
  assert.equal(signed(25000), `+250${T}₽`)
  assert.equal(signed(-20000), `\u2212200${T}₽`)
  assert.equal(signed(0), `0${T}₽`)
  assert.equal(formatMoney(12550, 'RUB', 'ru'), `125,50${T}₽`)
  assert.equal(formatMoney(5, 'RUB', 'en'), `0.05${T}₽`)
  assert.equal(formatMoney(123456700, 'RUB', 'ru'), `1${T}234${T}567${T}₽`)
  assert.equal(formatMoney(9007199254740991, 'RUB', 'en'), `90,071,992,547,409.91${T}₽`)
  assert.equal(formatMoney(-250, 'USD', 'en'), '\u2212$2.50')
  assert.equal(formatMoney(500, 'JPY', 'en'), '¥500')
  assert.deepEqual([1, 0, -1].map(trend), ['up', 'even', 'down'])
})

test('an amount is read without fractions, and nonsense is no amount', () => {
  assert.equal(parseMoney('50'), 5000)
  assert.equal(parseMoney('1 250,5'), 125050)
  assert.equal(parseMoney('0.29'), 29)
  for (const bad of ['', '-5', '1e3', '5.001', 'abc', '9999999999999999']) assert.equal(parseMoney(bad), null, bad)
  assert.equal(moneyInput(5000), '50')
  assert.equal(moneyInput(5), '0.05')
})

test('rules survive the form, and a wrong field is named', () => {
  for (const type of GAMES.map((game) => game.type)) assert.deepEqual(fromDraft(toDraft(defaultRules(type))).rules, defaultRules(type))
  assert.deepEqual(fromDraft(toDraft(RULES)).rules, RULES)
  assert.equal(fromDraft({ ...toDraft(RULES), price: 'x' }).field, 'price')
  const draft = toDraft(RULES)
  assert.equal(fromDraft({ ...draft, balls: draft.balls.map((b) => ({ ...b, points: '101' })) }).field, 'balls')
  assert.equal(fromDraft({ ...toDraft(defaultRules('americana')), target: '16' }).field, 'target')
})

test('one mark is on its way at a time, oldest first; a broken link makes it wait again', () => {
  const items = [{ id: '1', state: 'waiting' }, { id: '2', state: 'waiting' }]
  assert.equal(nextToSend(items).id, '1')
  const sent = [{ ...items[0], state: 'sent' }, items[1]]
  assert.equal(nextToSend(sent), null)
  assert.equal(nextToSend(unsend(sent)).id, '1')
  assert.equal(fail(sent, '1', 'overloaded')[0].state, 'waiting')
  assert.equal(fail(sent, '1', 'not_your_turn', 'no')[0].state, 'refused')
})

function storage() {
  const map = new Map()
  return { map, get length() { return map.size }, key: (i) => [...map.keys()][i], getItem: (k) => map.get(k) ?? null, setItem: (k, v) => map.set(k, v), removeItem: (k) => map.delete(k) }
}

function outbox(kept, sent, user = 'u') {
  let n = 0
  return new Outbox({ user, storage: kept, newId: () => `id${(n += 1)}-${sent.length}`, send: (frame) => Boolean(sent.push(frame)), now: () => 1 })
}

test('marks made offline are sent in order with their first id, also after a reload', () => {
  const kept = storage()
  const before = outbox(kept, [])
  const ids = ['white', 'pink'].map((color) => before.add('s', { type: 'pot_ball', color }).id)
  const sent = []
  const after = outbox(kept, sent)
  after.connected()
  assert.deepEqual(sent.map((f) => [f.id, f.command.color]), [[ids[0], 'white']])
  after.acknowledged(ids[0])
  assert.deepEqual(sent.map((f) => f.id), ids)
  after.acknowledged(ids[1])
  assert.equal(kept.map.size, 0)
})

test('a lost answer is asked for again with the same id', () => {
  const sent = []
  const box = outbox(storage(), sent)
  box.connected()
  const { id } = box.add('s', { type: 'pot_ball' })
  box.disconnected()
  box.connected()
  assert.deepEqual(sent.map((f) => f.id), [id, id])
})

test('a refused mark stays to be shown and lets the next one go', () => {
  const sent = []
  const box = outbox(storage(), sent)
  box.connected()
  const first = box.add('s', { type: 'pot_ball', n: 1 })
  const second = box.add('s', { type: 'pot_ball', n: 2 })
  box.refused(first.id, 'not_your_turn', 'no')
  assert.deepEqual(sent.map((f) => f.id), [first.id, second.id])
  assert.equal(box.items()[0].state, 'refused')
  box.undo(first.id)
  assert.equal(box.items().length, 1)
})

test('an untried mark is simply taken back, a tried one is undone after its answer', () => {
  const sent = []
  const box = outbox(storage(), sent)
  box.undo(box.add('s', { type: 'pot_ball' }).id)
  assert.equal(box.items().length, 0)
  box.connected()
  const tried = box.add('s', { type: 'pot_ball' })
  box.undo(tried.id)
  box.acknowledged(tried.id, [{ seq: 7 }])
  assert.deepEqual(sent.at(-1).command, { type: 'void_event', seq: 7 })
})

test('a tried mark that was taken back and then refused leaves nothing, and the next one goes', () => {
  const sent = []
  const kept = storage()
  const box = outbox(kept, sent)
  box.connected()
  const [first, second] = [1, 2].map((n) => box.add('s', { type: 'pot_ball', n }))
  box.undo(first.id)
  box.refused(first.id, 'participant_removed', 'no')
  assert.deepEqual(sent.map((f) => f.id), [first.id, second.id])
  assert.deepEqual([box.items().map(({ id }) => id), kept.map.size], [[second.id], 1])
})

test('another account on the same phone never sends these marks', () => {
  const kept = storage()
  outbox(kept, []).add('s', { type: 'pot_ball' })
  const sent = []
  outbox(kept, sent, 'other').connected()
  assert.deepEqual(sent, [])
})

test('money has the decimals of its currency by ISO 4217, whatever the browser thinks', () => {
  const digits = { JPY: '1500', KWD: '1.500', IQD: '1.500', HUF: '15', RSD: '15', CLF: '0.1500', RUB: '15' }
  for (const [currency, text] of Object.entries(digits)) {
    const minor = 1500
    assert.equal(moneyInput(minor, currency), text, currency)
    assert.equal(parseMoney(text, currency), minor, currency)
    assert.equal(parseMoney(moneyInput(minor + 1, currency), currency), minor + 1, currency)
  }
  assert.equal(formatMoney(1234, 'KWD', 'en').replace(/[^\d.,]/g, ''), '1.234')
  assert.equal(formatMoney(1234, 'HUF', 'ru').replace(/[^\d.,]/g, ''), '12,34')
  assert.equal(formatMoney(1234, 'JPY', 'ru').replace(/[^\d.,]/g, ''), '1234')
})

test('an error is told in one language', async () => {
  Object.defineProperty(globalThis, 'navigator', { value: { language: 'ru-RU' }, configurable: true })
  globalThis.document ??= { documentElement: {} }
  const { errorText, setLang } = await import('../../static/i18n.js')
  const wrong = { code: 'validation_failed', detail: 'name: must be 1 to 100 characters', errors: [{ field: 'name', message: 'must be 1 to 100 characters' }] }
  const foreign = { code: 'some_new_code', detail: 'it is Anna\'s turn' }
  await setLang('ru')
  for (const error of [wrong, foreign]) assert.doesNotMatch(errorText(error), /[a-z]/i)
  assert.match(errorText(wrong), /Название/)
  await setLang('en')
  for (const error of [wrong, foreign]) assert.doesNotMatch(errorText(error), /[а-я]/i)
  assert.equal(errorText(foreign), en['error.unknown'])
})

test('both languages say the same things', () => {
  assert.deepEqual(Object.keys(ru).sort(), Object.keys(en).sort())
})

test('every text that the page asks for by name is there', () => {
  const root = new URL('../../static/', import.meta.url)
  const files = ['', 'games/', 'views/', 'components/'].flatMap((dir) => readdirSync(new URL(dir, root)).filter((f) => f.endsWith('.js')).map((f) => new URL(dir + f, root)))
  const asked = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bt\('([^']+)'/g)].map((match) => match[1]))
  assert.ok(asked.length > 100)
  assert.deepEqual(asked.filter((key) => !(key in ru)), [])
})

test('only the files of the games tell games apart, and each game has its words', () => {
  const root = new URL('../../static/', import.meta.url)
  for (const dir of ['', 'views/', 'components/']) {
    for (const file of readdirSync(new URL(dir, root)).filter((f) => f.endsWith('.js'))) {
      assert.doesNotMatch(readFileSync(new URL(dir + file, root), 'utf8'), /kolkhoz|americana|moscow|snooker|['"]pyramid|\.(point|game|frame)_price/, dir + file)
    }
  }
  for (const game of GAMES) {
    const rules = game.defaults()
    assert.equal(rules.game_type, game.type)
    const words = [`game.${game.type}`, `new.name.${game.type}`, `rules.${game.priceField}`, `why.${game.why(rules)}`]
    for (const word of words) assert.ok(word in ru && word in en, word)
    assert.ok(game.leastPlayers(rules) <= game.mostPlayers(rules))
  }
})

test('a full storage does not cost the mark', () => {
  const sent = []
  const full = { ...storage(), setItem() { throw new Error('full') } }
  const box = outbox(full, sent)
  box.connected()
  box.add('s', { type: 'pot_ball' })
  assert.equal(sent.length, 1)
})

test('tokens and theme: every colour of the dark theme has its light counterpart', () => {
  const css = readFileSync(new URL('../../static/css/tokens.css', import.meta.url), 'utf8')
  const blocks = [...css.matchAll(/:root[^{]*\{([^}]*)\}/g)].map((m) => [...m[1].matchAll(/(--[\w-]+):\s*#/g)].map((x) => x[1]).sort())
  assert.equal(blocks.length, 3)
  assert.deepEqual(blocks[1], blocks[0])
  assert.deepEqual(blocks[2], blocks[0])
})
