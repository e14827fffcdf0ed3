// marks.js: PURE. The marks of a game as they count now, those that an undo took and a redo brings back, and what the
// marks that still wait will come to.
import { isMark, movedMarks, putsRight, voidedSeqs } from './game_view.js'
import { gameOf } from './games/index.js'

/** The marks of a game that count, each as the mark of whose it is now. */
export function standingMarks(events, gameId) {
  const voided = voidedSeqs(events)
  const moved = movedMarks(events)
  return events.filter((event) => event.game_id === gameId && isMark(event) && !voided.has(event.seq))
    .map((event) => (moved.has(event.seq) ? { ...event, data: { ...event.data, participant_id: moved.get(event.seq) } } : event))
}

/** What undos took from the end of a game, as long as no other mark came since; a redo brings back the last. */
export function undoneMarks(events, gameId) {
  const moved = movedMarks(events)
  const standing = []
  let undone = []
  for (const event of events) {
    if (event.game_id !== gameId) continue
    if (isMark(event)) {
      undone = undone.length && isSameMark(undone.at(-1), event) ? undone.slice(0, -1) : []
      standing.push(event)
    } else if (event.type === 'game.event_voided') {
      const at = standing.findIndex((mark) => mark.seq === event.data.voided_seq)
      if (at < 0) continue
      const [mark] = standing.splice(at, 1)
      const owned = { ...mark, data: { ...mark.data, participant_id: moved.get(mark.seq) ?? mark.data.participant_id } }
      undone = at === standing.length ? [...undone, owned] : []
    }
  }
  return undone
}

const SAME = ['participant_id', 'color', 'own_ball', 'free_ball', 'reason', 'reds']

function isSameMark(one, other) {
  return one.type === other.type && SAME.every((field) => (one.data[field] || null) === (other.data[field] || null))
    && (one.data.count ?? 1) === (other.data.count ?? 1)
}

/** The command that makes a mark once more. */
export function commandOf({ type, data }, rules) {
  const { participant_id, color, own_ball, free_ball, count, note, points, reds, reason } = data
  if (type === 'game.ball_potted') {
    return { type: 'pot_ball', participant_id, color, ...(own_ball && { own_ball }), ...(free_ball && { free_ball }), ...(count > 1 && { count }), ...(note && { note }) }
  }
  if (type === 'game.foul_committed') {
    const weighs = points > 0 && points !== gameOf(rules).foulPoints(rules)
    return { type: 'commit_foul', participant_id, ...(weighs && { points }), ...(reds > 0 && { reds }), ...(reason && { reason }) }
  }
  return { type: 'end_turn', participant_id, ...(reason && { reason }) }
}

/** What the marks that wait will add to each player's points: `Map(participant → points)`. */
export function pendingPoints(pending, { game, rules, events }) {
  const sums = new Map()
  const add = ([id, points]) => sums.set(id, (sums.get(id) ?? 0) + points)
  const known = (seq) => standingMarks(events, game.id).find((event) => event.seq === seq)
  for (const { command, undo } of pending) {
    if (undo) continue
    const { type, seq, participant_id: id } = command
    if (type === 'void_event') scoresOf(known(seq), rules, game).map(([of, points]) => [of, -points]).forEach(add)
    else if (type === 'reassign_event') movedTo(known(seq), id, rules, game).forEach(add)
    else if (type === 'pot_ball') add([id, gameOf(rules).ballPoints(rules, command) * (command.count ?? 1)])
    else if (type === 'commit_foul') gameOf(rules).foulScores(rules, game, command).forEach(add)
  }
  return sums
}

/** What a mark that was taken came to: `[participant, points]` each. */
function scoresOf(event, rules, game) {
  if (event?.type === 'game.foul_committed') return gameOf(rules).foulScores(rules, game, event.data)
  if (event?.type !== 'game.ball_potted') return []
  const fines = (event.data.fines ?? []).map((fine) => [fine.participant_id, -fine.points])
  return [[event.data.participant_id, event.data.points], ...fines]
}

function movedTo(event, id, rules, game) {
  if (!event) return []
  const other = { ...event, data: { ...event.data, participant_id: id } }
  return [...scoresOf(event, rules, game).map(([of, points]) => [of, -points]), ...scoresOf(other, rules, game)]
}

/** Whether somebody else marked, or put right, after an event. */
export function isMarkedByOthers(events, afterSeq, mine) {
  return events.some((event) => event.seq > afterSeq && (isMark(event) || putsRight(event)) && event.actor?.participant_id !== mine)
}
