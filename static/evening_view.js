// evening_view.js: PURE. Questions that the screens after a game ask: what was put right late, which games were whose.

/** Per game, whose money moved by corrections after it had ended; or only by those after the whole evening had. */
export function lateMoves(events, { afterEvening = false } = {}) {
  const from = afterEvening ? events.find((e) => e.type === 'session.completed')?.seq ?? Infinity : 0
  const numbers = new Map(events.filter((e) => e.type === 'game.started').map((e) => [e.game_id, e.data.number]))
  const now = new Map()
  const before = new Map()
  for (const { seq, type, game_id: id, data = {} } of events) {
    const results = data.correction?.results ?? data.results
    if (!results) continue
    // An end settles the game anew: what was before it is no news.
    if (type === 'game.ended') before.delete(id)
    else if (seq > from && now.has(id) && !before.has(id)) before.set(id, now.get(id))
    now.set(id, new Map(results.map((r) => [r.participant_id, r.net])))
  }
  return [...before].map(([id, nets]) => ({ game_id: id, number: numbers.get(id), changes: changesOf(nets, now.get(id)) })).filter((move) => move.changes.length)
}

function changesOf(before, after) {
  return [...after].filter(([id, net]) => net !== (before.get(id) ?? 0)).map(([id, net]) => ({ participant_id: id, before: before.get(id) ?? 0, after: net }))
}

/** Ended games, the newest first, with who won what; only those of players whose name has `search` in it. */
export function gameLines(games, session, search = '') {
  const name = (id) => session.participants.find((p) => p.id === id)?.display_name ?? '?'
  const wanted = search.trim().toLocaleLowerCase()
  const has = (id) => name(id).toLocaleLowerCase().includes(wanted)
  return games.filter((game) => game.status === 'completed' && game.results)
    .sort((a, b) => b.number - a.number)
    .map((game) => {
      const winners = game.results.filter((r) => r.place === 1)
      const found = wanted ? game.results.filter((r) => has(r.participant_id)) : []
      return { game, winners: winners.map((r) => name(r.participant_id)), net: winners[0]?.net ?? 0, found: found.length === 1 ? { ...found[0], name: name(found[0].participant_id) } : null, matches: !wanted || found.length > 0 }
    })
    .filter((line) => line.matches)
}
