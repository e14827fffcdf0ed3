// replay.js: PURE. A game again, mark by mark: the state after each of its events, folded from the whole log.
import { apply, nothing } from './game_state.js'

/** `[{event, game}]` from the start of a game to its end and what was put right later; empty while the log has gaps. */
export function replayOf(events, gameId) {
  const frames = []
  let state = nothing
  for (const event of events) {
    state = apply(state, event)
    if (state.stale) return []
    if (event.game_id !== gameId) continue
    const game = state.session?.current_game?.id === gameId ? state.session.current_game : state.games.find((g) => g.id === gameId)
    if (game) frames.push({ event, game })
  }
  return frames
}

/** Milliseconds since the game began. */
export function since(frames, at) {
  return Date.parse(frames[at].event.timestamp) - Date.parse(frames[0].event.timestamp)
}

/** The scores of a moment; once the game is over, its results. */
export function scoresAt({ game }) {
  return game.results && game.status !== 'in_progress' ? game.scores.map((score) => ({ ...score, ...game.results.find((r) => r.participant_id === score.participant_id) })) : game.scores
}
