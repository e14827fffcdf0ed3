// connection.js: the only file that knows the socket. It connects, answers pings, comes back with jitter and
// subscribes again from the last seq; what the frames mean is known elsewhere.
import { uuid } from './ids.js'

const MAX_DELAY = 10_000
const GOING_AWAY = 1001
const TOKEN_OVER = 4401
const FLOODING = 4429

export class Connection {
  #socket = null
  #timer = null
  #watchdog = null
  #attempt = 0
  #forceRefresh = false
  #running = false
  #heartbeat = 25
  #heardAt = 0
  #subscriptions = new Map()

  /** `token(force)` gives a valid access token; it throws an error with `status` 401 when there is none to be had. */
  constructor({ url, token, onFrame, onStatus, onSignedOut }) {
    Object.assign(this, { url, token, onFrame, onStatus, onSignedOut, status: 'connecting' })
  }

  start() {
    this.#running = true
    addEventListener('online', this.#wake)
    addEventListener('offline', this.#lost)
    document.addEventListener('visibilitychange', this.#seen)
    this.#connect()
  }

  stop() {
    this.#running = false
    removeEventListener('online', this.#wake)
    removeEventListener('offline', this.#lost)
    document.removeEventListener('visibilitychange', this.#seen)
    clearTimeout(this.#timer)
    this.#drop()
  }

  send(frame) {
    if (this.status !== 'online' || this.#socket?.readyState !== WebSocket.OPEN) return false
    this.#socket.send(JSON.stringify(frame))
    return true
  }

  /** `afterSeq()` is asked on every (re)connect: the last event seen, or `null` for a snapshot. */
  subscribe(sessionId, afterSeq) {
    this.#subscriptions.set(sessionId, afterSeq)
    this.resubscribe(sessionId)
  }

  resubscribe(sessionId) {
    const seq = this.#subscriptions.get(sessionId)()
    this.send({ type: 'subscribe', id: uuid(), session_id: sessionId, ...(seq == null ? {} : { after_seq: seq }) })
  }

  unsubscribe(sessionId) {
    this.#subscriptions.delete(sessionId)
    this.send({ type: 'unsubscribe', id: uuid(), session_id: sessionId })
  }

  /** Goes on with a fresh token on the open socket. */
  authenticate(token) {
    this.send({ type: 'authenticate', id: uuid(), token })
  }

  /** The socket looks open but does not answer. */
  restart() {
    if (!this.#running) return
    this.#drop()
    this.#again(0)
  }

  async #connect() {
    clearTimeout(this.#timer)
    let token
    try {
      token = await this.token(this.#forceRefresh)
      this.#forceRefresh = false
    } catch (error) {
      if (error.status === 401) return this.onSignedOut()
      return this.#again()
    }
    if (!this.#running || this.#socket) return
    const socket = new WebSocket(this.url, ['artel.v1', `artel.bearer.${token}`])
    this.#socket = socket
    clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => this.restart(), MAX_DELAY)
    socket.onmessage = ({ data }) => this.#socket === socket && this.#hear(data)
    socket.onclose = ({ code }) => this.#socket === socket && this.#closed(code)
  }

  #hear(data) {
    this.#heardAt = Date.now()
    this.#watch()
    let frame
    try { frame = JSON.parse(data) } catch { return }
    if (frame.type === 'ping') return void this.send({ type: 'pong', ts: frame.ts })
    if (frame.type === 'connected') {
      this.#attempt = 0
      this.#heartbeat = frame.heartbeat_seconds ?? 25
      this.#setStatus('online')
      for (const sessionId of this.#subscriptions.keys()) this.resubscribe(sessionId)
    }
    this.onFrame(frame)
  }

  #closed(code) {
    const opened = this.status === 'online'
    this.#drop()
    // Refused before it opened: perhaps the token was revoked, which the browser does not tell.
    this.#forceRefresh = code === TOKEN_OVER || (!opened && this.#attempt % 3 === 2)
    if (code === FLOODING) this.#again(MAX_DELAY)
    else if (code === GOING_AWAY || code === TOKEN_OVER) this.#again(opened ? 0 : undefined)
    else this.#again()
  }

  #again(delay) {
    if (!this.#running) return
    this.#setStatus('offline')
    const grown = Math.min(MAX_DELAY, 300 * 2 ** this.#attempt)
    this.#attempt += 1
    clearTimeout(this.#timer)
    // A whole hall reconnects at once after a restart: jitter spreads it.
    this.#timer = setTimeout(() => this.#connect(), delay ?? grown * (0.5 + Math.random() / 2))
  }

  #drop() {
    clearTimeout(this.#watchdog)
    const socket = this.#socket
    this.#socket = null
    if (socket) socket.close()
    this.#setStatus('offline')
  }

  #watch() {
    clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => this.restart(), (2 * this.#heartbeat + 5) * 1000)
  }

  #setStatus(status) {
    if (status === this.status) return
    this.status = status
    this.onStatus(status)
  }

  #wake = () => {
    this.#attempt = 0
    if (!this.#socket) this.#connect()
  }

  #lost = () => this.restart()

  // A phone that slept holds a socket that is dead but looks open.
  #seen = () => {
    if (document.visibilityState !== 'visible') return
    if (!this.#socket) this.#wake()
    else if (Date.now() - this.#heardAt > (this.#heartbeat + 5) * 1000) this.restart()
  }
}
