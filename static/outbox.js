// outbox.js: what the server has not acknowledged yet (marks, what is said in chats), kept on the phone and sent in
// order, one at a time. An item's id is its idempotency key, so sending it again after a lost answer can't count it twice.
// All tabs of a user share one list, and each may send what is first in it: whichever answer comes first ends the item in all.

const TRANSIENT = new Set(['rate_limited', 'overloaded', 'storage_unavailable', 'unauthenticated', 'token_expired', 'network'])
const AGAIN_MS = 1000

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

/** PURE: oldest first, alike in all tabs. */
export const inOrder = (items) => [...items].sort((a, b) => a.n - b.n || (a.id < b.id ? -1 : 1))

/** PURE: an item as another tab keeps it, where this one may have sent it too: then its own answer is still to come. */
export function shared(kept, mine) {
  const [item] = unsend([kept])
  if (!mine) return item
  return { ...item, undo: item.undo ?? mine.undo, tries: Math.max(item.tries, mine.tries), ...(mine.state === 'sent' && { state: 'sent' }) }
}

/** A mark as a frame, and the mark that takes it back once it counts. */
export const MARKS = {
  kind: 'outbox',
  frame: ({ id, session_id, command }) => ({ type: 'command', id, session_id, command }),
  reverse: ({ session_id }, events) => (events?.length ? { session_id, command: { type: 'void_event', seq: events[0].seq } } : null),
}

export class Outbox {
  #items = []
  #online = false
  #retry = null
  #sentAt = 0

  /** `of`: the kind of things in it, under which name they are kept, how they are sent, taken back and, where they can be, revised. */
  constructor({ user, storage, send, newId, of = MARKS, onChange = () => {}, now = Date.now }) {
    Object.assign(this, { send, storage, newId, of, onChange, now })
    this.prefix = `artel.${of.kind}.${user}.`
    this.#items = unsend(inOrder(this.#stored()))
  }

  items(sessionId) {
    return sessionId ? this.#items.filter((item) => item.session_id === sessionId) : this.#items
  }

  add(sessionId, command) {
    return this.put({ session_id: sessionId, command })
  }

  put(fields) {
    const last = this.#items.at(-1)?.n ?? 0
    const item = { id: this.newId(), ...fields, n: Math.max(this.now(), last + 1), state: 'waiting', tries: 0 }
    this.#put([...this.#items, item])
    this.#pump()
    return item
  }

  /** Changes what waits; false: it is gone. Once tried, its fate is unknown: then it is changed after its answer. */
  revise(id, fields) {
    this.#reread(id)
    if (!this.#items.some((item) => item.id === id && (item.tries === 0 || this.of.revision))) return false
    const revised = (item) => (item.tries === 0 ? { ...item, ...fields } : { ...item, revised: fields, next: item.next ?? this.newId() })
    this.#put(this.#items.map((item) => (item.id === id ? revised(item) : item)))
    return true
  }

  /** Takes something back before it counts. Once tried, its fate is unknown: then it is undone after its answer. */
  undo(id) {
    this.#reread(id)
    const item = this.#items.find((i) => i.id === id)
    if (!item) return
    if (item.tries === 0 || item.state === 'refused') this.#put(this.#items.filter((i) => i.id !== id))
    // The id of what will take it back: two tabs that hear the answer ask for the same.
    else this.#put(this.#items.map((i) => (i.id === id ? { ...i, undo: i.undo ?? this.newId() } : i)))
  }

  /** The storage has changed at `key`: another tab keeps something that waits, or has its answer. */
  changed(key) {
    if (!key?.startsWith(this.prefix)) return
    const id = key.slice(this.prefix.length)
    const kept = this.#reread(id)
    if (!kept) this.#items = this.#items.filter((item) => item.id !== id)
    this.onChange(this.#items)
    if (!kept) this.#pump()
    // The tab that keeps it sends it, unless it is closed meanwhile.
    else this.#later()
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

  acknowledged(id, answer) {
    const item = this.#items.find((i) => i.id === id)
    if (!item) return false
    this.#put(this.#items.filter((i) => i.id !== id))
    const next = item.undo ? this.of.reverse(item, answer) : item.revised && this.of.revision(item, answer)
    // The same in all tabs; an earlier version of the page kept none.
    const nextId = item.undo ? item.undo : item.next
    if (next && !this.#items.some((i) => i.id === nextId)) this.put({ ...next, ...(typeof nextId === 'string' && { id: nextId }) })
    this.#pump()
    return true
  }

  refused(id, code, message) {
    const item = this.#items.find((i) => i.id === id)
    if (!item) return false
    // What was taken back meanwhile has never counted.
    if (item.undo && !TRANSIENT.has(code)) this.#put(this.#items.filter((i) => i !== item))
    else this.#put(fail(this.#items, id, code, message))
    if (TRANSIENT.has(code)) this.#later()
    else this.#pump()
    return true
  }

  /** An answer is overdue: the link looks open but is not. */
  overdue(limitMs) {
    return this.#items.some((i) => i.state === 'sent') && this.now() - this.#sentAt > limitMs
  }

  #later() {
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#pump(), AGAIN_MS)
  }

  #pump() {
    const item = this.#online && nextToSend(this.#items)
    if (!item) return
    // INVARIANT: marked as tried and stored before it is sent, so that a reload never takes it for unsent.
    this.#put(this.#items.map((i) => (i.id === item.id ? { ...i, state: 'sent', tries: i.tries + 1 } : i)))
    this.#sentAt = this.now()
    if (!this.send(this.of.frame(item))) this.disconnected()
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

  /** Takes an item as it is kept, for another tab may have changed it; `null` where it is not kept. */
  #reread(id) {
    const kept = this.#read(this.prefix + id)
    const mine = this.#items.find((item) => item.id === id)
    if (kept) this.#items = inOrder([...this.#items.filter((item) => item !== mine), shared(kept, mine)])
    return kept
  }

  #read(key) {
    // A torn value is no mark.
    try { return JSON.parse(this.storage.getItem(key)) } catch { return null }
  }

  #stored() {
    const keys = Array.from({ length: this.storage.length }, (_, at) => this.storage.key(at))
    return keys.filter((key) => key.startsWith(this.prefix)).map((key) => this.#read(key)).filter(Boolean)
  }
}
