// admin_view.js: what the screens of an operator ask; PURE but for `newestFirst`, which reads by the function it is given.

/** Queues that wait longer than they should, or that nobody works on. */
export function queueState(queue) {
  if (queue.consumers === 0) return 'idle'
  return queue.latency_ms > queue.target_ms ? 'slow' : 'fine'
}

/** A node that others still publish for is behind. */
export function nodeState(node) {
  if (node.is_live) return 'live'
  return node.has_unpublished ? 'behind' : 'gone'
}

/** Which of the audit's filters a text is: the server takes ids alone. */
export function auditPath({ by, id }, cursor) {
  const asked = new URLSearchParams({ order: 'newest', limit: '200' })
  if (id.trim()) asked.set(by, id.trim())
  if (cursor) asked.set('cursor', cursor)
  return `/api/v1/admin/audit?${asked}`
}

/**
 * The server lists what no log has and then one session after the other, each from its end: all pages are read, up to `most`,
 * and put in the order of time. `cut` tells that there was more.
 */
export async function newestFirst(read, filter, most = 10) {
  const items = []
  let cursor = null
  for (let page = 0; page < most; page += 1) {
    const answer = await read(auditPath(filter, cursor))
    items.push(...answer.items)
    cursor = answer.next_cursor
    if (!cursor) break
  }
  const at = new Map(items.map((entry) => [entry, Date.parse(entry.timestamp)]))
  return { items: items.sort((a, b) => at.get(b) - at.get(a)), cut: Boolean(cursor) }
}

/** Who is meant by a participant's id, and which game by its own: only what opened them says so. */
export function namesIn(entries) {
  const names = new Map()
  for (const { event_type: type, data, game_id: game } of entries) {
    if (type === 'game.started') names.set(game, data.number)
    else if (data?.display_name && data.participant_id) names.set(data.participant_id, data.display_name)
    else if (data?.creator_display_name) names.set(data.creator_participant_id, data.creator_display_name)
  }
  return names
}

/** Does the work for one after the other; answers those for which it failed. */
export async function forEachOf(ids, work) {
  const failed = []
  for (const id of ids) {
    // What somebody else dealt with meanwhile is done.
    try { await work(id) } catch (error) { if (error.status !== 404) failed.push({ id, error }) }
  }
  return failed
}
