// club_view.js: PURE. What a club's page asks: which of its tables are live, and what each member may do.
import { nameOf, players, standing } from './game_view.js'

const LIVE = new Set(['in_progress', 'waiting'])
const RANK = { owner: 2, manager: 1, member: 0 }

/** Those that are played first, then those that wait; of each the newest first. */
export function liveTables(sessions) {
  return sessions.filter((s) => LIVE.has(s.status)).sort((a, b) => (a.status === b.status ? b.created_at.localeCompare(a.created_at) : a.status === 'in_progress' ? -1 : 1))
}

/** The players of a table at one look: points while a game runs, and the money as it stands. */
export function tableLines(session) {
  const game = session.current_game
  const ids = game ? game.order : players(session).map((p) => p.id)
  return ids.map((id) => ({
    id, name: nameOf(session, id), turn: id === game?.current_participant_id,
    points: game?.scores.find((s) => s.participant_id === id)?.points ?? null, net: standing(session, id),
  }))
}

export const mayManage = (club) => RANK[club.my_role] >= 1

/** Managers remove members, the owner anybody else; nobody removes oneself here. */
export function mayRemove(club, member, myUserId) {
  return member.user.id !== myUserId && RANK[club.my_role] > RANK[member.role]
}
