// exclusive.js: one tab at a time does a thing. By the browser's locks; over plain http there are none, and then by a
// lease in the storage that all tabs share. The lease is not airtight: two tabs may write it in the same millisecond,
// and for these few the server answers a refresh that comes twice with the same tokens.
import { uuid } from './ids.js'

const LEASE_MS = 10_000
const SETTLE_MS = 30
const AGAIN_MS = 60

export function exclusively(name, work) {
  return globalThis.navigator?.locks ? navigator.locks.request(name, work) : leased(name, work)
}

export async function leased(name, work, { storage = shared(), id = uuid(), now = Date.now, pause = wait } = {}) {
  if (!storage) return work()
  const key = `${name}.lease`
  try {
    // A lease ends by itself, so the tab that held it may die.
    while (!(await take(storage, key, { id, now, pause }))) await pause(AGAIN_MS)
  } catch { return work() }
  try { return await work() } finally { if (read(storage, key)?.id === id) storage.removeItem(key) }
}

async function take(storage, key, { id, now, pause }) {
  const held = read(storage, key)
  // One that seems to last longer than any lease is of a clock that was put back.
  if (held && held.until > now() && held.until <= now() + LEASE_MS) return false
  storage.setItem(key, JSON.stringify({ id, until: now() + LEASE_MS }))
  await pause(SETTLE_MS)
  return read(storage, key)?.id === id
}

function read(storage, key) {
  try { return JSON.parse(storage.getItem(key)) } catch { return null }
}

function shared() {
  try { return localStorage } catch { return null }
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms))
