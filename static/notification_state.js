// notification_state.js: PURE. What the user was told, newest first, and which of it is unread.

export const nothingTold = { items: [], unread: new Set(), next: null, loaded: false, error: null }

const newestFirst = (a, b) => (a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : 0)

/** One that came over the socket: new, or the same in corrected words, which is unread again. */
export function withTold(state, told) {
  const items = [{ ...told, read_at: null }, ...state.items.filter((one) => one.id !== told.id)].sort(newestFirst)
  return { ...state, items, unread: new Set([...state.unread, told.id]) }
}

/** A page of the list; the first one begins it anew. */
export function withPage(state, page, isFirst) {
  const older = isFirst ? [] : state.items.filter((one) => !page.items.some((it) => it.id === one.id))
  const unread = new Set(state.unread)
  for (const { id, read_at } of page.items) {
    if (read_at) unread.delete(id)
    else unread.add(id)
  }
  return { ...state, items: [...older, ...page.items].sort(newestFirst), unread, next: page.next_cursor, loaded: true, error: null }
}

export const withUnread = (state, items) => ({ ...state, unread: new Set(items.map(({ id }) => id)) })

export function withRead(state, id, at) {
  const unread = new Set(state.unread)
  unread.delete(id)
  return { ...state, unread, items: state.items.map((one) => (one.id === id ? { ...one, read_at: one.read_at ?? at } : one)) }
}

export const withAllRead = (state, at) => ({ ...state, unread: new Set(), items: state.items.map((one) => ({ ...one, read_at: one.read_at ?? at })) })

export const without = (state, id) => ({ ...withRead(state, id), items: state.items.filter((one) => one.id !== id) })
