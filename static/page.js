// page.js: joins api, connection, outbox, chats and the open sessions for the views; the only module that knows them all.
import * as api from './api.js'
import { Chats } from './chats.js'
import { Connection } from './connection.js'
import { early } from './early_login.js'
import { uuid } from './ids.js'
import { LastSeen } from './last_seen.js'
import { Outbox } from './outbox.js'
import { LiveSession } from './live_session.js'
import { Notifications } from './notifications.js'
import { dropSubscription } from './push_subscription.js'
import { chime } from './sound.js'
import { createStore } from './store.js'

const ANSWER_LIMIT_MS = 8000
const KEEP_AFTER_MS = 500
/** How long a start waits for the server before it says that there is no link. */
const PATIENCE_MS = 3000
const SCREEN_FIRST_MS = ANSWER_LIMIT_MS

/** `undefined` while unknown, `null` when signed out. */
export const user = createStore(undefined)
/** `connecting`, `online`, `offline`. */
export const link = createStore('connecting')
/** Items of the outbox, oldest first. */
export const waiting = createStore([])

/** The chats of the user, `null` when signed out. */
export const chats = createStore(null)

/** What the user was told, `null` when signed out. */
export const notices = createStore(null)

/** Counts what changed between the user and others: lists of friends load again when it grows. */
export const friendNews = createStore(0)

/** Counts what the server announced: lists load again when it grows. */
export const news = createStore(0)

/** To be called when the first screen is there. */
export let screenDrawn
const drawn = new Promise((done) => { screenDrawn = done })
const rest = { all: api.all, get: api.get, patch: api.patch, post: api.post, put: api.put, remove: api.remove }
let connection = null
let outbox = null
let watch = null
const sessions = new Map()

/** What is shown until the server answers. */
export const lastSeen = new LastSeen(storage())
user.subscribe((account) => {
  if (account) return lastSeen.keep('user', account)
  lastSeen.forget()
  return dropSubscription()
})

let resumed = null

/** Takes up the login of the cookie, if there is one, once; waits out a server that is away. */
export const resume = () => (resumed ??= takeUp())

async function takeUp() {
  const last = lastSeen.read('user')
  // Who was here last is here until the server says otherwise: then nothing waits for it.
  if (last) signIn(last)
  const isLeft = () => last && user.get()?.id !== last.id
  const sayAway = () => link.get() === 'connecting' && link.set('offline')
  // A hall's network may take everything and answer nothing.
  const timer = setTimeout(sayAway, PATIENCE_MS)
  let answer = early ?? api.refresh()
  for (let delay = 300; !isLeft(); delay = Math.min(delay * 2, 5000)) {
    try {
      const account = (await answer).user ?? (await api.get('/api/v1/users/me'))
      clearTimeout(timer)
      if (isLeft()) return
      if (last?.id === account.id) return user.set(account)
      // Somebody else has signed in since: what was drawn of the one before goes first.
      if (last) {
        signOut()
        await new Promise((done) => setTimeout(done))
      }
      return signIn(account)
    } catch (error) {
      clearTimeout(timer)
      if (isLeft()) return
      if (error.status && error.status < 500 && error.status !== 429) return last ? signOut() : user.set(null)
      sayAway()
      await new Promise((done) => setTimeout(done, delay))
      // The connection may have got one meanwhile.
      answer = api.token()
    }
  }
}

export function signIn(account) {
  outbox = new Outbox({
    user: account.id, storage: storage(), newId: uuid,
    send: (frame) => connection.send(frame), onChange: (items) => waiting.set(items),
  })
  waiting.set(outbox.items())
  const talk = new Chats({ me: account.id, rest, storage: storage(), newId: uuid, send: (frame) => connection?.send(frame) ?? false })
  chats.set(talk)
  const told = new Notifications({ rest, send: (frame) => connection?.send(frame) ?? false, onNew: chime })
  notices.set(told)
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  connection = new Connection({
    url: `${scheme}://${location.host}/ws`,
    token: api.token,
    onFrame: hear,
    onSignedOut: signOut,
    onStatus: (status) => {
      link.set(status)
      if (status !== 'online') return [outbox, talk].forEach((box) => box?.disconnected())
      outbox?.connected()
      screenFirst().then(() => {
        if (chats.get() !== talk || link.get() !== 'online') return
        talk.connected()
        told.connected()
      })
    },
  })
  connection.start()
  watch = setInterval(() => [outbox, talk.outbox].some((kept) => kept.overdue(ANSWER_LIMIT_MS)) && connection.restart(), 1000)
  user.set(account)
}

/** Chats and notifications wait until the first screen and its session are drawn, or for long enough. */
const screenFirst = () => Promise.race([
  drawn.then(() => Promise.all([...sessions.values()].map(({ live }) => live.answered))).then(() => new Promise((done) => setTimeout(done))),
  new Promise((done) => setTimeout(done, SCREEN_FIRST_MS)),
])

// Some browsers forbid storage altogether: then marks live as long as the page.
function storage() {
  try { return localStorage } catch { return { length: 0, key: () => null, getItem: () => null, setItem() {}, removeItem() {} } }
}

export function signOut() {
  clearInterval(watch)
  connection?.stop()
  connection = null
  outbox = null
  chats.get()?.stop()
  chats.set(null)
  notices.get()?.stop()
  notices.set(null)
  sessions.clear()
  waiting.set([])
  user.set(null)
}

export async function logOut() {
  // The phone forgets the login even where the server can't be told.
  await api.logout().catch(() => {})
  signOut()
}

// What waits is one list for all tabs.
addEventListener('storage', ({ key }) => {
  for (const kept of [outbox, chats.get()?.outbox]) kept?.changed(key)
})

// What was read on another device meanwhile is not told to this one.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible' || link.get() !== 'online') return
  chats.get()?.loadList()
  notices.get()?.connected()
})

api.onEnded(() => user.get() && signOut())
api.onToken((token) => connection?.authenticate(token))

/** The live session for a view; subscribed while at least one view holds it. */
export function openSession(id) {
  let open = sessions.get(id)
  if (!open) {
    const live = new LiveSession(id, { resubscribe: () => connection?.resubscribe(id), seen: lastSeen.evening(id), onGone: () => leave(id) })
    open = { live, holders: 0 }
    sessions.set(id, open)
    live.store.subscribe(keepSoon)
  }
  if (open.holders++ === 0) connection.subscribe(id, () => open.live.afterSeq())
  return {
    live: open.live,
    close: () => {
      if (--open.holders === 0) {
        connection?.unsubscribe(id)
        keepSessions()
        sessions.delete(id)
      }
    },
  }
}

/** Nothing of a session stays here; marks that wait would be refused. */
function leave(id) {
  lastSeen.dropEvening(id)
  for (const item of outbox.items(id)) outbox.undo(item.id)
}

/** Keeps what a session comes to, not each of the changes that come at once. */
let keeping = null
const keepSoon = () => { keeping ??= setTimeout(keepSessions, KEEP_AFTER_MS) }
// A phone ends a page that is not seen without a word.
addEventListener('pagehide', keepSessions)
document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && keepSessions())

function keepSessions() {
  clearTimeout(keeping)
  keeping = null
  // In another tab somebody may have signed out, or in as somebody else.
  if (lastSeen.read('user')?.id !== user.get()?.id) return
  for (const [id, { live }] of sessions) {
    const view = live.toKeep()
    if (view) lastSeen.keepEvening(id, view)
  }
}

/** Puts a scoring command on its way; it is kept until the server has answered. */
export const mark = (sessionId, command) => outbox.add(sessionId, command)
export const takeBack = (itemId) => outbox.undo(itemId)

function hear(frame) {
  if (chats.get()?.hear(frame)) return
  if (frame.type === 'ack') {
    // The session first: the mark turns from waiting to taken without a blink.
    for (const event of frame.events ?? []) sessions.get(frame.session_id)?.live.early(event)
    outbox.acknowledged(frame.id, frame.events)
  } else if (frame.type === 'error' && frame.id && outbox.refused(frame.id, frame.code, frame.message)) {
    return
  } else if (notices.get()?.hear(frame)) {
    news.set(news.get() + 1)
  } else if (frame.type === 'friends') {
    friendNews.set(friendNews.get() + 1)
  } else if (frame.session_id) {
    sessions.get(frame.session_id)?.live.hear(frame)
  } else if (frame.type === 'error' && frame.code !== 'chat_not_member') {
    for (const { live } of sessions.values()) live.failed(frame.code)
  }
}
