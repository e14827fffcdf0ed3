// repeat.js: an evening once more: its rules, its people, its order. PURE but for the order, which is kept on this phone.

/** Who somebody is from evening to evening: an account, or else a name. */
const keyOf = (participant) => participant.user_id ?? `name:${participant.display_name}`

/** What a new evening takes over: `body` opens it, `people` are asked in, `order` is who followed whom. */
export function repeatOf(session, lastGame, myUserId) {
  const played = session.participants.filter((p) => p.role !== 'spectator' && (p.is_active || p.games_played > 0))
  const byId = new Map(session.participants.map((p) => [p.id, p]))
  return {
    body: { name: session.name, rules: session.rules, is_private: session.is_private, max_players: session.max_players },
    people: played.filter((p) => p.user_id !== myUserId)
      .map((p) => ({ name: p.display_name, seat: p.user_id ? { user_id: p.user_id } : { display_name: p.display_name } })),
    order: (lastGame?.order ?? []).map((id) => byId.get(id)).filter(Boolean).map(keyOf),
  }
}

/** The places of a session in a kept order; those that are new come last. */
export function orderIn(session, keys) {
  const rank = (p) => { const at = keys.indexOf(keyOf(p)); return at < 0 ? keys.length : at }
  return session.participants.toSorted((a, b) => rank(a) - rank(b)).map((p) => p.id)
}

const place = (sessionId) => `artel.order.${sessionId}`

export function keepOrder(sessionId, keys) {
  try { localStorage.setItem(place(sessionId), JSON.stringify(keys)) } catch { /* then it is ordered by hand */ }
}

/** `null` where this phone knows of none. */
export function keptOrder(session) {
  try {
    const keys = JSON.parse(localStorage.getItem(place(session.id)))
    return Array.isArray(keys) && keys.length ? orderIn(session, keys) : null
  } catch { return null }
}
