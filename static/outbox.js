// outbox.js: the marks that the server has not acknowledged yet, kept on the phone and sent in order, one at a time.
// An item's id is its idempotency key, so sending it again after a lost answer can't count it twice.

const TRANSIENT = new Set(['rate_limited', 'overloaded', 'storage_unavailable', 'unauthenticated', 'token_expired', 'network'])

/** PURE: the item to send now, or `null` while one is on its way. */
export function nextToSend(items) {
  if (items.some((item) => item.state === 'sent')) return null
  return items.find((item) => item.state === 'waiting') ?? null
}

/** PURE: the link broke, so what was on its way is to be sent again. */
export function unsend(items) {
  return items.map((item) => (item.state === 'sent' ? { ...item, state: 'waiting' } : item))
}

/** PURE: the server said no. For a while: try again. For good: keep it to be shown. */
export function fail(items, id, code, message) {
  const failed = TRANSIENT.has(code) ? { state: 'waiting' } : { state: 'refused', code, message }
  return items.map((item) => (item.id === id ? { ...item, ...failed } : item))
}

/** PURE: oldest first. */
export const inOrder = (items) => [...items].sort((a, b) => a.n - b.n)

export class Outbox {
  #items = []
  #online = false
  #retry = null
  #sentAt = 0

  constructor({ user, storage, send, newId, onChange = () => {}, now = Date.now }) {
    Object.assign(this, { send, storage, newId, onChange, now })
    this.prefix = `artel.outbox.${user}.`
    this.#items = unsend(inOrder(this.#stored()))
  }

  items(sessionId) {
    return sessionId ? this.#items.filter((item) => item.session_id === sessionId) : this.#items
  }

  add(sessionId, command) {
    const last = this.#items.at(-1)?.n ?? 0
    const item = { id: this.newId(), n: Math.max(this.now(), last + 1), session_id: sessionId, command, state: 'waiting', tries: 0 }
    this.#put([...this.#items, item])
    this.#pump()
    return item
  }

  /** Takes a mark back before it counts. Once tried, its fate is unknown: then it is undone after its answer. */
  undo(id) {
    const item = this.#items.find((i) => i.id === id)
    if (!item) return
    if (item.tries === 0 || item.state === 'refused') this.#put(this.#items.filter((i) => i.id !== id))
    else this.#put(this.#items.map((i) => (i.id === id ? { ...i, undo: true } : i)))
  }

  connected() {
    this.#online = true
    this.#put(unsend(this.#items))
    this.#pump()
  }

  disconnected() {
    this.#online = false
    clearTimeout(this.#retry)
    this.#put(unsend(this.#items))
  }

  acknowledged(id, events = []) {
    const item = this.#items.find((i) => i.id === id)
    if (!item) return false
    this.#put(this.#items.filter((i) => i.id !== id))
    if (item.undo && events.length) this.add(item.session_id, { type: 'void_event', seq: events[0].seq })
    this.#pump()
    return true
  }

  refused(id, code, message) {
    if (!this.#items.some((i) => i.id === id)) return false
    this.#put(fail(this.#items, id, code, message))
    if (TRANSIENT.has(code)) this.#retry = setTimeout(() => this.#pump(), 1000)
    else this.#pump()
    return true
  }

  /** An answer is overdue: the link looks open but is not. */
  overdue(limitMs) {
    return this.#items.some((i) => i.state === 'sent') && this.now() - this.#sentAt > limitMs
  }

  #pump() {
    const item = this.#online && nextToSend(this.#items)
    if (!item) return
    // INVARIANT: marked as tried and stored before it is sent, so that a reload never takes it for unsent.
    this.#put(this.#items.map((i) => (i.id === item.id ? { ...i, state: 'sent', tries: i.tries + 1 } : i)))
    this.#sentAt = this.now()
    if (!this.send({ type: 'command', id: item.id, session_id: item.session_id, command: item.command })) this.disconnected()
  }

  // One storage key for each item: two tabs of one player never overwrite each other's list.
  #put(items) {
    const before = new Map(this.#items.map((item) => [item.id, item]))
    for (const item of items) {
      if (before.get(item.id) !== item) this.#keep(item)
      before.delete(item.id)
    }
    for (const id of before.keys()) this.storage.removeItem(this.prefix + id)
    this.#items = items
    this.onChange(items)
  }

  #keep(item) {
    // A full or forbidden storage costs the mark its life over a reload, not the mark itself.
    try { this.storage.setItem(this.prefix + item.id, JSON.stringify(item)) } catch { /* it lives in memory */ }
  }

  #stored() {
    const found = []
    for (let i = 0; i < this.storage.length; i += 1) {
      const key = this.storage.key(i)
      if (!key.startsWith(this.prefix)) continue
      try { found.push(JSON.parse(this.storage.getItem(key))) } catch { /* a torn value is no mark */ }
    }
    return found
  }
}
