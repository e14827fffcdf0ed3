// game_view.js: PURE. Questions that the screens ask of a state: whose turn, which balls, what can be undone, who may mark.

const MARKS = new Set(['game.ball_potted', 'game.foul_committed', 'game.turn_changed'])

/** More than a row holds on any screen. */
const BALLS_SHOWN = 60
const EVENTS_KEPT = 2000

export const isMark = (event) => MARKS.has(event.type)

/** It changes what was marked before: a void, a mark that is moved, one that was forgotten. */
export const putsRight = (event) => event.type === 'game.event_voided' || event.type === 'game.event_reassigned' || Boolean(event.data?.correction)

export function voidedSeqs(events) {
  return new Set(events.filter((e) => e.type === 'game.event_voided' || e.type === 'session.entry_voided').map((e) => e.data.voided_seq))
}

/** Whose each moved mark is: `Map(seq → participant)`. */
export function movedMarks(events) {
  const voided = voidedSeqs(events)
  const moved = events.filter((e) => e.type === 'game.event_reassigned' && !voided.has(e.seq))
  return new Map(moved.map((e) => [e.data.reassigned_seq, e.data.participant_id]))
}

/** The balls each player potted in a game, in order: `Map(participant → [{color, own}])`; the last of many. */
export function pottedBalls(events, gameId) {
  const voided = voidedSeqs(events)
  const moved = movedMarks(events)
  const balls = new Map()
  for (const event of events) {
    if (event.type !== 'game.ball_potted' || event.game_id !== gameId || voided.has(event.seq)) continue
    const { participant_id: marked, color, own_ball: own, count = 1 } = event.data
    const id = moved.get(event.seq) ?? marked
    balls.set(id, [...(balls.get(id) ?? []), ...Array.from({ length: count }, () => ({ color, own: Boolean(own) }))].slice(-BALLS_SHOWN))
  }
  return balls
}

/** The mark that an undo would take back, of whose it is now; it is an echo no more once it was moved, or the other one taken back. */
export function lastMark(events, gameId) {
  const voided = voidedSeqs(events)
  const last = events.findLast((e) => e.game_id === gameId && isMark(e) && !voided.has(e.seq)) ?? null
  if (!last) return null
  const owner = movedMarks(events).get(last.seq)
  const echo = owner || voided.has(last.data.echo_of) ? { echo_of: undefined } : {}
  return { ...last, data: { ...last.data, ...(owner && { participant_id: owner }), ...echo } }
}

export function nextInOrder(order, id) {
  const at = order.indexOf(id)
  return at < 0 ? order[0] : order[(at + 1) % order.length]
}

/** Whose turn it will be once the marks that still wait have been taken. */
export function expectedTurn(game, pending) {
  return pending.reduce((turn, item) => {
    const { type, participant_id: id } = item.command
    if (type === 'pot_ball') return id
    return type === 'commit_foul' || type === 'end_turn' ? nextInOrder(game.order, id) : turn
  }, game.current_participant_id ?? game.order[0])
}

/** Items of the outbox whose events are not in the log yet: the event may overtake its acknowledgement. */
export function unsettled(items, events) {
  const known = new Set(events.map((event) => event.command_id))
  return items.filter((item) => item.state !== 'refused' && !known.has(item.id))
}

export function participantOf(session, userId) {
  return session.participants.find((p) => p.user_id === userId) ?? null
}

export function isCreator(session, userId) {
  return participantOf(session, userId)?.role === 'creator'
}

export function mayScore(session, userId) {
  const participant = participantOf(session, userId)
  return Boolean(participant && participant.is_active && participant.role !== 'spectator' && (participant.role === 'creator' || participant.can_score))
}

/** Active players, those who would be in the next order. */
export function players(session) {
  return session.participants.filter((p) => p.is_active && p.role !== 'spectator')
}

/** Why a player of the evening is not in the running game: `joined` too late for it, or is `out` of it; else `null`. */
export function absence(session, userId) {
  const game = session.current_game
  const player = participantOf(session, userId)
  if (!game || !player?.is_active || player.role === 'spectator' || game.order.includes(player.id)) return null
  return player.joined_at > game.started_at ? 'joined' : 'out'
}

export function nameOf(session, participantId) {
  return session.participants.find((p) => p.id === participantId)?.display_name ?? '?'
}

export function lastGame(state) {
  return state.games.filter((g) => g.status === 'completed').reduce((a, b) => (a && a.number > b.number ? a : b), null)
}

/** The state with the last ended game and the events of the one that is shown: it stays small however long the evening is. */
export function onlyLastGame(state) {
  const last = lastGame(state)
  const shown = state.session?.current_game ?? last
  const events = state.events.filter((event) => shown && event.game_id === shown.id)
  return { ...state, games: last ? [last] : [], events: events.slice(-EVENTS_KEPT) }
}

/** The evening so far and the running game together: the money as it stands. */
export function standing(session, participantId) {
  const participant = session.participants.find((p) => p.id === participantId)
  const live = session.current_game?.scores.find((s) => s.participant_id === participantId)?.net ?? 0
  return (participant?.balance ?? 0) + live
}

/** Points of the side a player is on; `null` where everyone plays alone. */
export function sidePoints(game, rules, participantId) {
  if (rules.format !== '2x2') return null
  const side = game.order.indexOf(participantId) % 2
  return game.scores.filter((s) => game.order.indexOf(s.participant_id) % 2 === side).reduce((sum, s) => sum + s.points, 0)
}

/** What was put right after the evening was over, as far as it moved money: everybody had seen the sums. */
export function lateCorrections(events) {
  const completed = events.find((e) => e.type === 'session.completed')?.seq ?? Infinity
  const known = new Map()
  return events.filter((event) => {
    const isLate = event.seq > completed
    if (event.type === 'session.entry_voided') return isLate && event.data.voided_type !== 'session.payment_marked'
    const results = event.data?.correction?.results ?? event.data?.results
    if (!results) return false
    const before = known.get(event.game_id)
    const nets = results.map((r) => `${r.participant_id} ${r.net}`).sort().join()
    known.set(event.game_id, nets)
    return isLate && before != null && before !== nets
  })
}

/** Those whose balance is made of something, though it may come to nothing. */
export function withMoney(balance) {
  return balance.participants.filter((sum) => sum.games.length > 0 || sum.expenses !== 0 || sum.payments !== 0)
}
