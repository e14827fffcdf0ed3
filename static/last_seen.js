// last_seen.js: what the server said last of the user and of the user's evenings, kept on this device and shown until the
// server answers. It goes when the login is over.

const PREFIX = 'artel.seen.'
/** An evening is a few hundred kilobytes at most, and a browser keeps five megabytes. */
const EVENINGS_MAX = 5
/** To be raised where what was kept can't be shown any more as it was. */
const SHAPE = 1

export class LastSeen {
  constructor(storage) {
    this.storage = storage
  }

  read(what) {
    try {
      const { shape, value } = JSON.parse(this.storage.getItem(PREFIX + what))
      return shape === SHAPE ? value : null
    } catch { return null }
  }

  keep(what, value) {
    // A full or forbidden storage only means that less is shown without the server.
    try { this.storage.setItem(PREFIX + what, JSON.stringify({ shape: SHAPE, value })) } catch { /* what was kept before stays */ }
  }

  evening(id) {
    return this.read(`evening.${id}`)
  }

  /** Of the evenings that were opened the last ones are kept. */
  keepEvening(id, view) {
    const opened = [id, ...(this.read('opened') ?? []).filter((other) => other !== id)]
    for (const old of opened.splice(EVENINGS_MAX)) this.storage.removeItem(`${PREFIX}evening.${old}`)
    this.keep('opened', opened)
    // Where the new state does not fit, an older one would be a lie.
    this.dropEvening(id)
    this.keep(`evening.${id}`, view)
  }

  dropEvening(id) {
    this.storage.removeItem(`${PREFIX}evening.${id}`)
  }

  forget() {
    const keys = Array.from({ length: this.storage.length }, (_, at) => this.storage.key(at))
    for (const key of keys) if (key.startsWith(PREFIX)) this.storage.removeItem(key)
  }
}
