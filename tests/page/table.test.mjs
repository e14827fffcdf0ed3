// What the table is made of without a browser: marks that count, come back and wait, the bank, the frame, keys, Back.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandOf, isMarkedByOthers, pendingPoints, standingMarks, undoneMarks } from '../../static/marks.js'
import { bankOf, kolkhoz } from '../../static/games/kolkhoz.js'
import { gameOf } from '../../static/games/index.js'
import { frameAfter, snooker } from '../../static/games/snooker.js'
import { lastMark } from '../../static/game_view.js'
import { askedBy, digitsOf } from '../../static/shortcuts.js'

const event = (seq, type, data) => ({ seq, type: `game.${type}`, data, game_id: 'g', actor: { participant_id: 'a' } })
const pot = (seq, id, color, points = 1, more = {}) => event(seq, 'ball_potted', { participant_id: id, color, points, ...more })
const foul = (seq, id, points = 1, more = {}) => event(seq, 'foul_committed', { participant_id: id, points, awarded_to: null, ...more })
const voided = (seq, of) => event(seq, 'event_voided', { voided_seq: of })
const moved = (seq, of, id) => event(seq, 'event_reassigned', { reassigned_seq: of, participant_id: id })
const seqs = (events) => events.map((e) => e.seq)

test('the marks that count are those that nobody took back, each of whose it is now', () => {
  const events = [pot(1, 'a', 'white'), pot(2, 'b', 'pink'), pot(3, 'a', 'blue'), voided(4, 1), moved(5, 2, 'c')]
  assert.deepEqual(standingMarks(events, 'g').map((e) => [e.seq, e.data.participant_id]), [[2, 'c'], [3, 'a']])
  assert.deepEqual(standingMarks(events, 'other'), [])
})

test('the last mark is of whose it is now, and no echo once it was moved', () => {
  const events = [pot(1, 'a', 'white'), pot(2, 'a', 'white', 1, { echo_of: 1 }), moved(3, 2, 'b')]
  const { participant_id: owner, echo_of: echo } = lastMark(events, 'g').data
  assert.deepEqual([owner, echo], ['b', undefined])
})

test('several undos are brought back in order, and a new mark ends that', () => {
  const marks = [pot(1, 'a', 'white'), pot(2, 'b', 'pink'), foul(3, 'b')]
  const undone = [...marks, voided(4, 3), voided(5, 2)]
  assert.deepEqual(seqs(undoneMarks(undone, 'g')), [3, 2])
  const once = [...undone, pot(6, 'b', 'pink')]
  assert.deepEqual(seqs(undoneMarks(once, 'g')), [3])
  assert.deepEqual(undoneMarks([...once, foul(7, 'b')], 'g'), [])
  assert.deepEqual(undoneMarks([...undone, pot(6, 'a', 'pink')], 'g'), [], 'another mark')
  assert.deepEqual(seqs(undoneMarks([...once, voided(7, 6)], 'g')), [3, 6], 'undone once more')
})

test('what was taken out of the middle is no undo, and a moved mark comes back for its owner', () => {
  const marks = [pot(1, 'a', 'white'), pot(2, 'b', 'pink')]
  assert.deepEqual(undoneMarks([...marks, voided(3, 1)], 'g'), [])
  assert.equal(undoneMarks([...marks, moved(3, 2, 'a'), voided(4, 2)], 'g')[0].data.participant_id, 'a')
})

test('a mark becomes the command that makes it again', () => {
  const rules = kolkhoz.defaults()
  assert.deepEqual(commandOf(pot(1, 'a', 'red', 2, { count: 2, own_ball: false, note: null }), rules), { type: 'pot_ball', participant_id: 'a', color: 'red', count: 2 })
  assert.deepEqual(commandOf(foul(1, 'a', 1), rules), { type: 'commit_foul', participant_id: 'a' })
  assert.deepEqual(commandOf(foul(1, 'a', 3, { reds: 0 }), rules), { type: 'commit_foul', participant_id: 'a', points: 3 })
  assert.deepEqual(commandOf(event(1, 'turn_changed', { participant_id: 'a', reason: 'miss', next_participant_id: 'b' }), rules), { type: 'end_turn', participant_id: 'a', reason: 'miss' })
})

const waiting = (...commands) => commands.map((command) => ({ command }))
const game = { id: 'g', order: ['a', 'b'] }

test('marks that wait are counted, those that are being taken back too', () => {
  const rules = kolkhoz.defaults()
  const events = [pot(1, 'a', 'pink', 6, { fines: [{ participant_id: 'b', points: 1 }] }), foul(2, 'b')]
  const points = (...commands) => Object.fromEntries(pendingPoints(waiting(...commands), { game, rules, events }))
  assert.deepEqual(points({ type: 'pot_ball', participant_id: 'a', color: 'black' }, { type: 'pot_ball', participant_id: 'a', color: 'white' }), { a: 8 })
  assert.deepEqual(points({ type: 'commit_foul', participant_id: 'b', points: 3 }, { type: 'end_turn', participant_id: 'a' }), { b: -3 })
  assert.deepEqual(points({ type: 'void_event', seq: 1 }), { a: -6, b: 1 })
  assert.deepEqual(points({ type: 'void_event', seq: 2 }), { b: 1 })
  assert.deepEqual(points({ type: 'void_event', seq: 9 }), {})
  assert.deepEqual(pendingPoints([{ command: { type: 'pot_ball', participant_id: 'a', color: 'black' }, undo: true }], { game, rules, events }).size, 0)
})

test('a foul that waits goes where the rules let it go', () => {
  const command = { type: 'commit_foul', participant_id: 'a' }
  const points = (rules) => Object.fromEntries(pendingPoints(waiting(command), { game, rules, events: [] }))
  assert.deepEqual(points({ ...kolkhoz.defaults(), foul: { kind: 'pool' } }), {})
  assert.deepEqual(points({ game_type: 'americana', foul: { kind: 'opponent_plus_one' } }), { b: 1 })
  assert.deepEqual(points({ game_type: 'americana', foul: { kind: 'offender_minus_one' } }), { a: -1 })
  assert.deepEqual(points(snooker.defaults()), { b: 4 })
})

test('the bank piles up until somebody pots', () => {
  assert.deepEqual(bankOf([foul(1, 'a'), foul(2, 'b', 2), foul(3, 'a')]), [{ participant_id: 'a', points: 2 }, { participant_id: 'b', points: 2 }])
  assert.deepEqual(bankOf([foul(1, 'a'), pot(2, 'b', 'white'), foul(3, 'b')]), [{ participant_id: 'b', points: 1 }])
  assert.deepEqual(bankOf([]), [])
})

const colors = ['yellow', 'green', 'brown', 'blue', 'pink', 'black']
const frame = (reds, more = {}) => ({
  order: ['a', 'b'], current_participant_id: 'a', ball_on: 'red', scores: [{ participant_id: 'a', break: 0 }, { participant_id: 'b', break: 0 }],
  remaining: [{ color: 'red', count: reds }, ...colors.map((color) => ({ color, count: 1 }))], ...more,
})
const potted = (color, more) => ({ type: 'pot_ball', participant_id: 'a', color, ...more })

test('a frame goes on without a link: what is on, what is left, the break', () => {
  assert.deepEqual(frameAfter(frame(15), []), { on: 'red', reds: 15, left: 147, run: 0 })
  assert.deepEqual(frameAfter(frame(15), [potted('red')]), { on: 'color', reds: 14, left: 146, run: 1 })
  assert.deepEqual(frameAfter(frame(15), [potted('red'), potted('black')]), { on: 'red', reds: 14, left: 139, run: 8 })
  assert.deepEqual(frameAfter(frame(1), [potted('red'), potted('black'), potted('yellow')]), { on: 'green', reds: 0, left: 25, run: 10 })
  assert.deepEqual(frameAfter(frame(3), [potted('red', { count: 2 }), { type: 'end_turn', participant_id: 'a' }]), { on: 'red', reds: 1, left: 35, run: 0 })
  assert.deepEqual(frameAfter(frame(3), [{ type: 'commit_foul', participant_id: 'a', reds: 1 }]), { on: 'red', reds: 2, left: 43, run: 0 })
  assert.deepEqual(frameAfter(frame(3), [potted('red'), { ...potted('red'), participant_id: 'b' }]), { on: 'color', reds: 1, left: 42, run: 1 })
  assert.deepEqual(frameAfter(frame(15), [potted('green', { free_ball: true })]), { on: 'color', reds: 15, left: 154, run: 1 })
})

const rules = kolkhoz.defaults()
const balls = digitsOf(gameOf(rules).padBalls(rules))
const key = (code, more = {}) => askedBy({ key: '', code, ...more }, balls)

test('digits are points where these tell the balls apart, else places', () => {
  assert.deepEqual(balls.map((b) => b.digit).join(''), '1234567')
  const worth = (...points) => digitsOf(points.map((n) => ({ points: n, ball: {} }))).map((b) => b.digit).join('')
  assert.deepEqual([worth(1, 2, 3, 6), worth(1, 1), worth(5, 10, 20)], ['1236', '12', '123'])
})

test('a key means the same in every layout, and nothing where it is held or another program wants it', () => {
  assert.deepEqual(key('Digit7'), { does: 'pot', ball: { color: 'black' } })
  assert.deepEqual(key('Numpad1'), { does: 'pot', ball: { color: 'white' } })
  assert.equal(key('Digit9'), null)
  assert.equal(key('Digit7', { repeat: true }), null)
  assert.deepEqual(key('KeyF', { key: 'а' }), { does: 'foul' })
  assert.deepEqual(key('ArrowUp', { repeat: true }), { does: 'choose', by: -1 })
  assert.deepEqual([key('KeyZ', { ctrlKey: true }), key('KeyZ', { metaKey: true, shiftKey: true }), key('KeyY', { ctrlKey: true })].map((k) => k.does), ['undo', 'redo', 'redo'])
  assert.deepEqual(key('Digit7', { key: '?', shiftKey: true }), { does: 'help' }, 'the question mark of a Russian keyboard')
  for (const other of [key('Digit1', { ctrlKey: true }), key('Digit1', { altKey: true }), key('KeyF', { metaKey: true }), key('KeyF', { shiftKey: true })]) assert.equal(other, null)
})

test('a mark of somebody else is a signal, an own one and an old one are none', () => {
  const by = (seq, id, type = 'ball_potted') => ({ ...event(seq, type, {}), actor: { participant_id: id } })
  assert.equal(isMarkedByOthers([by(4, 'b')], 3, 'a'), true)
  assert.equal(isMarkedByOthers([by(4, 'b', 'event_voided')], 3, 'a'), true)
  assert.equal(isMarkedByOthers([by(4, 'a')], 3, 'a'), false)
  assert.equal(isMarkedByOthers([by(3, 'b')], 3, 'a'), false)
  assert.equal(isMarkedByOthers([by(4, 'b', 'started')], 3, 'a'), false)
})

test('Back closes the topmost sheet; the entry of one closed by hand is passed over, or taken by the next screen', async () => {
  const entries = [{ state: null, path: '/s/1' }]
  let at = 0
  const heard = []
  const went = () => { globalThis.location.pathname = entries[at].path; for (const listener of heard) listener() }
  Object.assign(globalThis, {
    location: { pathname: '/s/1' }, addEventListener: (type, listener) => type === 'popstate' && heard.push(listener),
    history: {
      get state() { return entries[at].state },
      pushState(state) { entries.splice(at + 1); entries.push({ state, path: globalThis.location.pathname }); at += 1 },
      back() { at -= 1; if (at >= 0) went() },
    },
  })
  const { leaveSheets, sheetOpened } = await import('../../static/sheet_history.js')
  const closed = []
  sheetOpened(() => closed.push('more'))
  assert.equal(entries.length, 2)
  history.back()
  assert.deepEqual([closed, at], [['more'], 0])

  const off = sheetOpened(() => closed.push('log'))
  off()
  sheetOpened(() => closed.push('money'))()
  assert.equal(entries.length, 2, 'the entry is used again')
  entries.unshift({ state: null, path: '/' })
  at += 1
  history.back()
  assert.deepEqual([closed, at], [['more'], 0], 'nothing was open: it goes one step more')
  assert.equal(leaveSheets(), false)

  sheetOpened(() => closed.push('people'))
  assert.equal(leaveSheets(), true, 'the next screen takes the place of the sheet')
})
