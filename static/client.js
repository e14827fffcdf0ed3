// client.js: Artel for programs: no DOM, no dependency, for Node.js (20 and later) and browsers.
//
//   import { Artel } from 'http://127.0.0.1:8080/client.js'      // in Node.js: from a copy of this file
//
//   const artel = new Artel('http://127.0.0.1:8080')             // Node.js before 22: { WebSocket } of the package `ws`
//   await artel.login({ username: 'anna', password: 'correct horse' })
//   const { session } = await artel.join('K7QXPM')
//   const watch = artel.subscribe(session.id, { onEvent: (event) => console.log(event.seq, event.type) })
//   await watch.ready
//   await artel.command(session.id, { type: 'pot_ball', participant_id, color: 'white' })
//   watch.close(); artel.close()
//
// What it promises: `onEvent` hears every event of a session once and in order, whatever becomes of connections and
// servers in between; `command` is sent again, under the same id, until the server has answered, so it happens once.
// A refusal is thrown as an ArtelError with the `code` of the contract.

const DELAY_MIN_MS = 200
const DELAY_MAX_MS = 10_000
/** An answer that takes longer is asked for again, over a new connection. */
const ANSWER_MS = 10_000
const OPEN_MS = 10_000
const RENEW_BEFORE_MS = 30_000
const GOING_AWAY = 1001
const TOKEN_OVER = 4401
const SLOW = 4413
/** What is worth another try: the server says so, or could not be heard. */
const TRANSIENT = new Set(['rate_limited', 'overloaded', 'storage_unavailable', 'network'])

/** What the server said no to: `status` (0: it could not be reached), `code`, `message`, `errors` of fields. */
export class ArtelError extends Error {
  constructor({ status = 0, code = 'network', detail, errors = [], retryAfter = 0 }) {
    super(detail ?? code)
    Object.assign(this, { name: 'ArtelError', status, code, errors, retryAfter })
  }
}

export class Artel {
  #login = null
  #expiresAt = 0
  #refreshing = null
  #socket = null
  #socketTimer = null
  #openTimer = null
  #connecting = false
  #attempt = 0
  #online = false
  #closed = false
  #watches = new Map()
  #commands = new Map()

  /**
   * `url` is where the server is. `WebSocket` and `fetch` are those of the platform unless given; `onLogin` hears of
   * every new pair of tokens, `onEnded` that the login is over; `login` goes on with a pair that was kept.
   */
  constructor(url, { WebSocket = globalThis.WebSocket, fetch = globalThis.fetch, login = null, onLogin = () => {}, onEnded = () => {} } = {}) {
    Object.assign(this, { url: String(url).replace(/\/$/, ''), WebSocket, fetch: fetch.bind(globalThis), onLogin, onEnded })
    if (login) this.#keep(login)
  }

  /** The account that is logged in, or `null`. */
  get user() { return this.#login?.user ?? null }

  /** Opens an account: `{ username, password, display_name?, email? }`. */
  async register(account) { return this.#keep(await this.#call('POST', '/auth/register', account)).user }

  /** `{ username, password }` */
  async login(account) { return this.#keep(await this.#call('POST', '/auth/login', account)).user }

  /** Takes a place by a join code; `{ session, participant_id }`. */
  join(code, options = {}) { return this.post('/sessions/join', { code, ...options }) }

  get(path) { return this.request('GET', path) }
  post(path, body = {}, key = uuid()) { return this.request('POST', path, body, key) }
  patch(path, body, key = uuid()) { return this.request('PATCH', path, body, key) }
  put(path, body) { return this.request('PUT', path, body) }
  delete(path, key = uuid()) { return this.request('DELETE', path, undefined, key) }

  /** A call of the REST API, `path` below `/api/v1`. Tried again where that changes nothing twice: reads, and whatever has a key. */
  async request(method, path, body, key) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#call(method, path, body, { key, token: await this.#token() })
      } catch (error) {
        if (error.code === 'token_expired' && attempt === 0) this.#expiresAt = 0
        else if (!TRANSIENT.has(error.code) || attempt === 5 || (method !== 'GET' && !key)) throw error
        else await sleep(Math.max(backoff(attempt), error.retryAfter * 1000))
      }
    }
  }

  /**
   * Watches a session. `onEvent(event)` hears each event once, in order; `onSnapshot(session)` the state it starts from,
   * and again where more than a thousand events were missed; `onPresence(ids)` who is there. `afterSeq`: start after
   * that event, without a snapshot. Answers `{ ready, seq, close() }`; `ready` rejects where the session can't be watched.
   */
  subscribe(sessionId, { afterSeq = null, onEvent = () => {}, onSnapshot = () => {}, onPresence = () => {} } = {}) {
    if (this.#watches.has(sessionId)) throw new Error('this session is watched already')
    const watch = { seq: afterSeq, onEvent, onSnapshot, onPresence, asked: null }
    watch.ready = new Promise((resolve, reject) => Object.assign(watch, { resolve, reject }))
    watch.ready.catch(() => {})
    this.#watches.set(sessionId, watch)
    this.#connect()
    if (this.#online) this.#ask(sessionId, watch)
    return {
      ready: watch.ready,
      get seq() { return watch.seq },
      close: () => {
        if (this.#watches.get(sessionId) !== watch) return
        this.#watches.delete(sessionId)
        this.#send({ type: 'unsubscribe', id: uuid(), session_id: sessionId })
      },
    }
  }

  /**
   * Asks a session for something (`{ type: 'pot_ball', ... }`); answers `{ seq, events }` when it is stored. Sent again
   * under the same id until the server has answered: `id` lets a program that died go on with it.
   */
  command(sessionId, command, { id = uuid() } = {}) {
    const known = this.#commands.get(id)
    if (known) return known.answer
    const item = { frame: { type: 'command', id, session_id: sessionId, command }, timer: null, attempt: 0 }
    item.answer = new Promise((resolve, reject) => Object.assign(item, { resolve, reject }))
    this.#commands.set(id, item)
    this.#connect()
    this.#submit(item)
    return item.answer
  }

  /** Ends the connection; what was not answered is rejected with the code `closed`. The login stays. */
  close() {
    this.#closed = true
    clearTimeout(this.#socketTimer)
    this.#drop()
    this.#failAll(new ArtelError({ code: 'closed' }))
  }

  /** Ends the login on the server, and the connection. */
  async logout() {
    const token = await this.#token()
    await this.#call('POST', '/auth/logout', { refresh_token: this.#login.refresh_token }, { token })
    this.#login = null
    this.close()
  }

  #keep(login) {
    this.#login = { ...this.#login, ...login }
    this.#expiresAt = Date.now() + login.expires_in * 1000
    this.onLogin(this.#login)
    // An open socket goes on with the new token.
    this.#send({ type: 'authenticate', id: uuid(), token: login.access_token })
    return this.#login
  }

  async #token() {
    if (!this.#login) throw new ArtelError({ status: 401, code: 'unauthenticated' })
    if (Date.now() < this.#expiresAt - RENEW_BEFORE_MS) return this.#login.access_token
    // One at a time: a refresh token is good for one exchange.
    this.#refreshing ??= this.#call('POST', '/auth/refresh', { refresh_token: this.#login.refresh_token })
      .then((login) => this.#keep(login))
      .catch((error) => {
        if (error.status === 401) this.#ended(error)
        throw error
      })
      .finally(() => { this.#refreshing = null })
    return (await this.#refreshing).access_token
  }

  #ended(error) {
    this.#login = null
    this.#drop()
    this.#failAll(error)
    this.onEnded(error)
  }

  async #call(method, path, body, { key, token } = {}) {
    const headers = { accept: 'application/json' }
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (key) headers['idempotency-key'] = key
    if (token) headers.authorization = `Bearer ${token}`
    let response
    try {
      response = await this.fetch(`${this.url}/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
    } catch (error) {
      throw new ArtelError({ detail: String(error) })
    }
    if (response.status === 204) return null
    const answer = await response.json().catch(() => null)
    if (response.ok && answer !== null) return answer
    const code = answer?.code ?? (response.ok || response.status >= 500 ? 'network' : 'unknown')
    throw new ArtelError({ ...answer, status: response.status, code, retryAfter: Number(response.headers.get('retry-after')) || 0 })
  }

  async #connect() {
    if (this.#socket || this.#connecting || this.#socketTimer || this.#closed) return
    if (!this.WebSocket) throw new Error('this platform has no WebSocket: give one, like that of the package ws')
    this.#connecting = true
    let token
    try {
      token = await this.#token()
    } catch (error) {
      return error.status === 401 ? this.#failAll(error) : this.#later()
    } finally {
      this.#connecting = false
    }
    if (this.#closed) return
    const socket = new this.WebSocket(`${this.url.replace(/^http/, 'ws')}/ws`, ['artel.v1', `artel.bearer.${token}`])
    this.#socket = socket
    this.#watchFor(OPEN_MS)
    socket.onmessage = ({ data }) => this.#socket === socket && this.#hear(JSON.parse(data))
    socket.onclose = ({ code }) => this.#socket === socket && this.#lost(code)
    socket.onerror = () => {}
  }

  #lost(code) {
    const wasOnline = this.#online
    this.#drop()
    // Refused before it opened: perhaps the login was ended, which a browser does not tell.
    if (code === TOKEN_OVER || (!wasOnline && this.#attempt % 3 === 2)) this.#expiresAt = 0
    // A server that goes away has others beside it; who read too slowly asks for what was missed at once.
    this.#later(wasOnline && [GOING_AWAY, SLOW, TOKEN_OVER].includes(code) ? 0 : undefined)
  }

  #later(delay = backoff(this.#attempt)) {
    if (this.#closed || (!this.#watches.size && !this.#commands.size)) return
    this.#attempt += 1
    clearTimeout(this.#socketTimer)
    this.#socketTimer = setTimeout(() => {
      this.#socketTimer = null
      this.#connect()
    }, delay)
  }

  #drop() {
    const socket = this.#socket
    this.#socket = null
    this.#online = false
    clearTimeout(this.#openTimer)
    for (const item of this.#commands.values()) clearTimeout(item.timer)
    socket?.close()
  }

  /** A socket that is silent for so long is dead, whatever it looks like. */
  #watchFor(milliseconds) {
    clearTimeout(this.#openTimer)
    this.#openTimer = setTimeout(() => this.#lost(), milliseconds)
  }

  #send(frame) {
    if (this.#online) this.#socket.send(JSON.stringify(frame))
  }

  #ask(sessionId, watch) {
    watch.asked = uuid()
    watch.isAsking = true
    this.#send({ type: 'subscribe', id: watch.asked, session_id: sessionId, ...(watch.seq === null ? {} : { after_seq: watch.seq }) })
  }

  #submit(item) {
    if (!this.#online) return
    this.#send(item.frame)
    clearTimeout(item.timer)
    item.timer = setTimeout(() => this.#lost(), ANSWER_MS)
  }

  #hear(frame) {
    this.#watchFor((2 * (this.heartbeatSeconds ?? 25) + 5) * 1000)
    if (frame.type === 'ping') return this.#send({ type: 'pong', ts: frame.ts })
    if (frame.type === 'connected') {
      this.heartbeatSeconds = frame.heartbeat_seconds
      this.#online = true
      this.#attempt = 0
      for (const [id, watch] of this.#watches) this.#ask(id, watch)
      for (const item of this.#commands.values()) this.#submit(item)
      return
    }
    const watch = this.#watches.get(frame.session_id)
    if (frame.type === 'subscribed' && watch?.asked === frame.id) {
      watch.isAsking = false
      if (frame.session) {
        watch.seq = frame.seq
        watch.onSnapshot(frame.session)
      }
      for (const event of frame.events) this.#take(frame.session_id, watch, event)
      watch.resolve(frame.seq)
    } else if (frame.type === 'event' && watch) {
      this.#take(frame.session_id, watch, frame.event)
    } else if (frame.type === 'presence' && watch) {
      watch.onPresence(frame.online)
    } else if (frame.type === 'ack') {
      this.#settle(frame.id)?.resolve({ seq: frame.seq, events: frame.events })
    } else if (frame.type === 'error') {
      this.#refused(frame)
    }
  }

  #take(sessionId, watch, event) {
    if (watch.seq !== null && event.seq <= watch.seq) return
    // Before the answer to `subscribe` nobody knows where it starts; a gap is asked for.
    if (watch.seq === null || event.seq > watch.seq + 1) return void (watch.isAsking || this.#ask(sessionId, watch))
    watch.seq = event.seq
    watch.onEvent(event)
  }

  #refused({ id, code, message, session_id: sessionId }) {
    const error = new ArtelError({ status: 409, code, detail: message })
    const item = this.#commands.get(id)
    if (item && TRANSIENT.has(code)) {
      clearTimeout(item.timer)
      item.timer = setTimeout(() => this.#submit(item), backoff(item.attempt++))
    } else if (item) {
      this.#settle(id).reject(error)
    } else {
      const [of, watch] = [...this.#watches].find(([session, { asked }]) => asked === id || (!id && session === sessionId)) ?? []
      if (watch && TRANSIENT.has(code)) setTimeout(() => this.#watches.get(of) === watch && this.#ask(of, watch), backoff(2))
      else if (watch) {
        this.#watches.delete(of)
        watch.reject(error)
      }
    }
  }

  #settle(id) {
    const item = this.#commands.get(id)
    clearTimeout(item?.timer)
    this.#commands.delete(id)
    return item
  }

  #failAll(error) {
    for (const id of [...this.#commands.keys()]) this.#settle(id).reject(error)
    for (const watch of this.#watches.values()) watch.reject(error)
    this.#watches.clear()
  }
}

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds))

/** Doubles, with jitter: a whole hall reconnects at once after a restart. */
const backoff = (attempt) => Math.min(DELAY_MAX_MS, DELAY_MIN_MS * 2 ** attempt) * (0.5 + Math.random() / 2)

/** Also where the page is served without https and `crypto.randomUUID` is missing. */
function uuid() {
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID()
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6] & 0x0f) | 0x40
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
