// game_state.js: PURE. The same idea as the server's `apply`: the page is replayed from events, never patched.
// It knows no socket, no storage and no screen.

/** @returns the state of one session as the page holds it: snapshot, applied events, ended games. */
export function fromSnapshot(session, games = []) {
  return { session, seq: session.seq, events: [], games, stale: false }
}

export const nothing = { session: null, seq: 0, events: [], games: [], stale: false }

/** Events come once each and in order; what was seen is ignored, a gap asks for the tail. */
export function apply(state, event) {
  if (event.seq <= state.seq) return state
  if (event.seq > state.seq + 1) return { ...state, stale: true }
  const reduce = reducers[event.type]
  // What a newer server tells is asked for as a whole.
  const next = reduce ? reduce(state, event.data ?? {}, event) : { ...state, refetch: true }
  const session = next.session && { ...next.session, seq: event.seq }
  return { ...next, session, seq: event.seq, events: withEvents(state.events, [event]), stale: false }
}

/** A fresh snapshot over a known log: older ones are ignored. */
export function adopt(state, session, games = state.games) {
  if (state.session && session.seq < state.seq) return state
  // Only what was asked for and came in time is done with.
  return { ...state, session, seq: session.seq, games, stale: false, refetch: false }
}

/** The log with more events in it, in order, each once. */
export function withEvents(events, more) {
  const last = events.length ? events[events.length - 1].seq : 0
  if (more.length === 1 && more[0].seq > last) return [...events, more[0]]
  const bySeq = new Map([...events, ...more].map((event) => [event.seq, event]))
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
}

const reducers = {
  'session.created': (state, data, event) => ({
    ...state,
    session: {
      id: event.session_id, code: null, chat_id: data.chat_id, name: data.name, status: 'waiting',
      is_private: data.is_private, creator_user_id: data.creator_user_id, max_players: data.max_players,
      rules: data.rules, template_id: data.template_id, seq: event.seq, current_game: null, games_played: 0,
      created_at: event.timestamp, started_at: null, completed_at: null,
      participants: [participant({
        participant_id: data.creator_participant_id, user_id: data.creator_user_id, role: 'creator',
        display_name: data.creator_display_name, is_guest: false, can_score: true, is_active: true,
      }, event)],
    },
  }),
  'session.player_joined': (state, data, event) => onSession(turned(known(state), data), (session) => {
    const known = session.participants.find((p) => p.id === data.participant_id)
    // Who comes back to the own place finds the own sums.
    const sums = known && { balance: known.balance, games_played: known.games_played, balls_potted: known.balls_potted, is_online: known.is_online }
    const joined = { ...known, ...participant(data, event), ...sums }
    const participants = known
      ? session.participants.map((p) => (p.id === joined.id ? joined : p))
      : [...session.participants, joined]
    return { ...session, participants }
  }),
  'session.player_left': leave,
  'session.player_removed': leave,
  'session.player_updated': (state, data) => onParticipants(state, (p) =>
    p.id === data.participant_id ? { ...p, display_name: data.display_name, can_score: data.can_score } : p),
  // The new code stands in no event: those who may know it read the session for it.
  'session.settings_changed': (state, { code_changed, table, ...data }) =>
    onSession(code_changed || data.rules || table !== undefined ? { ...state, refetch: true } : state, (session) => ({ ...session, ...data })),
  'session.creator_changed': (state, data) => onSession(
    onParticipants(state, (p) => {
      if (p.id === data.participant_id) return { ...p, role: 'creator', can_score: true }
      return p.role === 'creator' ? { ...p, role: 'participant' } : p
    }),
    (session) => ({ ...session, creator_user_id: data.user_id }),
  ),
  // With a place go its balance and its name, as the session tells them.
  'session.claim_asked': asked,
  'session.claim_declined': asked,
  'session.participant_claimed': asked,
  'session.scorer_admitted': (state, data) => onParticipants(state, (p) => p.id === data.participant_id ? { ...p, can_score: true } : p),
  'session.scorer_link_ended': asked,
  // Shares and clocks are told by the session alone.
  'session.expense_added': asked,
  'session.payment_marked': asked,
  'session.table_stopped': asked,
  'session.entry_voided': asked,
  'session.completed': (state, _, event) => over(state, 'completed', event),
  'session.cancelled': (state, _, event) => over(state, 'cancelled', event),

  'game.started': (state, data, event) => onSession(asksForMore(state), (session) => ({
    ...session,
    status: 'in_progress',
    started_at: session.started_at ?? event.timestamp,
    current_game: {
      id: event.game_id, session_id: event.session_id, number: data.number, status: 'in_progress',
      order: data.order, current_participant_id: data.order[0],
      scores: data.order.map((id) => ({ participant_id: id, points: 0, balls_potted: 0, fouls: 0, net: 0, ...(data.ball_on && { break: 0, high_break: 0 }) })),
      remaining: data.remaining ?? fullTable(session.rules), results: null, ...onTable(data),
      started_at: event.timestamp, ended_at: null, duration_seconds: null,
    },
  })),
  'game.ball_potted': (state, data, event) => {
    if (data.correction) return corrected(state, data.correction, event)
    const lost = new Map((data.fines ?? []).map((fine) => [fine.participant_id, fine.points]))
    const scored = onGame(state, (game) => ({
      ...game,
      current_participant_id: data.next_participant_id,
      ...onTable(data),
      remaining: data.remaining ?? game.remaining.map((left) =>
        left.color === data.color && left.count != null ? { ...left, count: left.count - 1 } : left),
      scores: withBreaks(withNets(game.scores, data.nets), data).map((score) => {
        if (score.participant_id === data.participant_id) return { ...score, points: data.total_score, balls_potted: data.balls_potted }
        return lost.has(score.participant_id) ? { ...score, points: score.points - lost.get(score.participant_id) } : score
      }),
    }))
    return onParticipants(scored, (p) => (p.id === data.participant_id ? { ...p, balls_potted: p.balls_potted + (data.count ?? 1) } : p))
  },
  'game.foul_committed': (state, data, event) => data.correction ? corrected(state, data.correction, event) : onGame(state, (game) => ({
    ...game,
    current_participant_id: data.next_participant_id,
    ...onTable(data),
    remaining: data.remaining ?? game.remaining,
    scores: withBreaks(withNets(game.scores, data.nets)).map((score) => {
      const fouls = score.participant_id === data.participant_id ? { fouls: score.fouls + 1, points: data.total_score } : {}
      const gift = score.participant_id === data.awarded_to ? { points: score.points + data.points } : {}
      return { ...score, ...fouls, ...gift }
    }),
  })),
  'game.turn_changed': (state, data, event) => data.correction ? corrected(state, data.correction, event) : onGame(state, (game) => ({
    ...game, ...onTable(data), current_participant_id: data.next_participant_id, scores: withBreaks(game.scores),
  })),
  'game.event_voided': putRight,
  'game.event_reassigned': putRight,
  'game.reopened': (state, data, event) => {
    const game = state.games.find((g) => g.id === event.game_id)
    if (!game) return { ...state, refetch: true }
    const open = {
      ...game, status: 'in_progress', results: null, end_reason: null, winner_participant_ids: [], ended_at: null, duration_seconds: null,
      scores: data.scores, current_participant_id: data.current_participant_id, remaining: data.remaining ?? game.remaining, ...onTable(data),
    }
    const settled = onParticipants(asksForMore(state), (p) => (game.order.includes(p.id)
      ? { ...p, balance: p.balance - netOf(game, p.id), games_played: p.games_played - 1 } : p))
    return onSession({ ...settled, games: state.games.filter((g) => g !== game) }, (session) =>
      ({ ...session, current_game: open, games_played: session.games_played - 1 }))
  },
  'game.ended': (state, data, event) => {
    const game = state.session?.current_game
    if (!game) return { ...state, refetch: true }
    state = asksForMore(state)
    const ended = {
      ...game, status: 'completed', results: data.results, end_reason: data.reason,
      ended_at: event.timestamp, duration_seconds: data.duration_seconds,
    }
    const settled = onParticipants(state, (p) => (game.order.includes(p.id)
      ? { ...p, balance: p.balance + netOf(ended, p.id), games_played: p.games_played + 1 } : p))
    return closeGame(settled, ended, 1)
  },
  'game.cancelled': (state, _, event) => {
    const game = state.session?.current_game
    return game ? closeGame(asksForMore(state), { ...game, status: 'cancelled', ended_at: event.timestamp }, 0) : state
  },
}

function asked(state) {
  return { ...state, refetch: true }
}

/** A mark was taken back, or is another player's. */
function putRight(state, data, event) {
  const current = state.session?.current_game
  const game = current?.id === event.game_id ? current : state.games.find((g) => g.id === event.game_id)
  if (!game) return { ...state, refetch: true }
  const after = {
    ...game, scores: data.scores, current_participant_id: data.current_participant_id,
    remaining: data.remaining ?? game.remaining, results: data.results ?? game.results, ...onTable(data),
  }
  if (game === current) return onSession(state, (session) => ({ ...session, current_game: after }))
  return settledAs(state, game, after)
}

/** A forgotten mark was added to an ended game. */
function corrected(state, { scores, results, winner_participant_ids }, event) {
  const game = state.games.find((g) => g.id === event.game_id)
  return game ? settledAs(state, game, { ...game, scores, results, winner_participant_ids }) : { ...state, refetch: true }
}

/** An ended game comes to something else than before. */
function settledAs(state, game, after) {
  const settled = onParticipants(asksForMore(state), (p) => ({ ...p, balance: p.balance + netOf(after, p.id) - netOf(game, p.id) }))
  return { ...settled, games: state.games.map((g) => (g.id === after.id ? after : g)) }
}

function participant(data, event) {
  return {
    id: data.participant_id, user_id: data.user_id ?? null, display_name: data.display_name, role: data.role,
    is_guest: data.is_guest, can_score: data.can_score, is_active: data.is_active, is_online: false,
    balance: 0, games_played: 0, balls_potted: 0, joined_at: event.timestamp, left_at: null,
  }
}

function leave(state, data, event) {
  return onParticipants(turned(state, data), (p) => (p.id === data.participant_id ? { ...p, is_active: false, left_at: event.timestamp } : p))
}

/** Who is not at the table has no turn: whose it is now stands beside who came or went. */
function turned(state, { current_participant_id: id }) {
  return id ? onGame(state, (game) => ({ ...game, current_participant_id: id })) : state
}

/** Who takes a place may know the code, which stands in no event. */
function known(state) {
  return state.session?.code == null ? { ...state, refetch: true } : state
}

function over(state, status, event) {
  const completed_at = status === 'completed' ? event.timestamp : null
  return onSession(state, (session) => ({ ...session, status, completed_at }))
}

function onSession(state, change) {
  return state.session ? { ...state, session: change(state.session) } : state
}

function onParticipants(state, change) {
  return onSession(state, (session) => ({ ...session, participants: session.participants.map(change) }))
}

function onGame(state, change) {
  return onSession(state, (session) => (session.current_game ? { ...session, current_game: change(session.current_game) } : session))
}

function closeGame(state, game, played) {
  const games = [...state.games.filter((g) => g.id !== game.id), game]
  return onSession({ ...state, games }, (session) => ({ ...session, current_game: null, games_played: session.games_played + played }))
}

function withNets(scores, nets = []) {
  const now = new Map(nets.map((n) => [n.participant_id, n.net]))
  return scores.map((score) => (now.has(score.participant_id) ? { ...score, net: now.get(score.participant_id) } : score))
}

function netOf(game, participantId) {
  return game.results?.find((result) => result.participant_id === participantId)?.net ?? 0
}

/** What a mark says of the table, in games where a ball may be on or not. */
function onTable(data) {
  return data.points_remaining == null ? {} : { ball_on: data.ball_on ?? null, points_remaining: data.points_remaining }
}

/** Breaks after a pot, or after a visit; where they are not counted, the scores as they are. */
function withBreaks(scores, pot = null) {
  // The last ball is spotted again: that begins anew.
  const isRespotted = pot?.ball_on != null && pot.color === pot.ball_on && pot.color !== 'red' && !pot.free_ball
  return scores.map((score) => {
    if (score.break == null) return score
    const run = score.participant_id === pot?.participant_id ? score.break + pot.points : 0
    return { ...score, break: isRespotted ? 0 : run, high_break: Math.max(score.high_break ?? 0, run) }
  })
}

/** How the match stands, and who pays for the table when a game comes to something else, is told by the session alone. */
function asksForMore(state) {
  return state.session?.rules?.race_to || state.session?.table ? { ...state, refetch: true } : state
}

function fullTable(rules) {
  const balls = rules?.balls ?? []
  return balls.some((ball) => ball.count != null)
    ? balls.map((ball) => ({ color: ball.color, count: ball.count ?? null })) : []
}
