// page.js: joins api, connection, outbox and the open sessions for the views; the only module that knows them all.
import * as api from './api.js'
import { Connection } from './connection.js'
import { uuid } from './ids.js'
import { Outbox } from './outbox.js'
import { LiveSession } from './live_session.js'
import { createStore } from './store.js'

const ANSWER_LIMIT_MS = 8000

/** `undefined` while unknown, `null` when signed out. */
export const user = createStore(undefined)
/** `connecting`, `online`, `offline`. */
export const link = createStore('connecting')
/** Items of the outbox, oldest first. */
export const waiting = createStore([])

/** Counts what the server announced: lists load again when it grows. */
export const news = createStore(0)

let connection = null
let outbox = null
let watch = null
const sessions = new Map()

/** Takes up the login of the cookie, if there is one; waits out a server that is away. */
export async function resume() {
  for (let delay = 300; ; delay = Math.min(delay * 2, 5000)) {
    try {
      return signIn((await api.refresh()).user ?? (await api.get('/api/v1/users/me')))
    } catch (error) {
      if (error.status && error.status < 500 && error.status !== 429) return user.set(null)
      link.set('offline')
      await new Promise((done) => setTimeout(done, delay))
    }
  }
}

export function signIn(account) {
  outbox = new Outbox({
    user: account.id, storage: storage(), newId: uuid,
    send: (frame) => connection.send(frame), onChange: (items) => waiting.set(items),
  })
  waiting.set(outbox.items())
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  connection = new Connection({
    url: `${scheme}://${location.host}/ws`,
    token: api.token,
    onFrame: hear,
    onSignedOut: signOut,
    onStatus: (status) => {
      link.set(status)
      if (status === 'online') outbox.connected()
      else outbox.disconnected()
    },
  })
  connection.start()
  watch = setInterval(() => outbox.overdue(ANSWER_LIMIT_MS) && connection.restart(), 1000)
  user.set(account)
}

// Some browsers forbid storage altogether: then marks live as long as the page.
function storage() {
  try { return localStorage } catch { return { length: 0, key: () => null, getItem: () => null, setItem() {}, removeItem() {} } }
}

export function signOut() {
  clearInterval(watch)
  connection?.stop()
  connection = null
  outbox = null
  sessions.clear()
  waiting.set([])
  user.set(null)
}

export async function logOut() {
  // The phone forgets the login even where the server can't be told.
  await api.logout().catch(() => {})
  signOut()
}

api.onEnded(() => user.get() && signOut())
api.onToken((token) => connection?.authenticate(token))

/** The live session for a view; subscribed while at least one view holds it. */
export function openSession(id) {
  let open = sessions.get(id)
  if (!open) {
    open = { live: new LiveSession(id, { resubscribe: () => connection?.resubscribe(id) }), holders: 0 }
    sessions.set(id, open)
  }
  if (open.holders++ === 0) connection.subscribe(id, () => open.live.afterSeq())
  return {
    live: open.live,
    close: () => {
      if (--open.holders === 0) {
        connection?.unsubscribe(id)
        sessions.delete(id)
      }
    },
  }
}

/** Puts a scoring command on its way; it is kept until the server has answered. */
export const mark = (sessionId, command) => outbox.add(sessionId, command)
export const takeBack = (itemId) => outbox.undo(itemId)

function hear(frame) {
  if (frame.type === 'ack') {
    // The session first: the mark turns from waiting to taken without a blink.
    for (const event of frame.events ?? []) sessions.get(frame.session_id)?.live.early(event)
    outbox.acknowledged(frame.id, frame.events)
  } else if (frame.type === 'error' && frame.id && outbox.refused(frame.id, frame.code, frame.message)) {
    return
  } else if (frame.type === 'notification') {
    news.set(news.get() + 1)
  } else if (frame.session_id) {
    sessions.get(frame.session_id)?.live.hear(frame)
  } else if (frame.type === 'error') {
    for (const { live } of sessions.values()) live.failed(frame.code)
  }
}
