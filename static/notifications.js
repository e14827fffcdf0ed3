// notifications.js: what the user was told: fed by frames, filled from REST. It talks to no socket itself.
import { nothingTold, without, withAllRead, withPage, withRead, withTold, withUnread } from './notification_state.js'
import { createStore } from './store.js'

const PATH = '/api/v1/notifications'
const PAGE = 30
const UNREAD_MAX = 200
const ACK_MAX = 400
const SOON_MS = 150

export class Notifications {
  #toTell = []
  #timer = null

  /** `rest`: `{ get, put, post, remove }`; `send(frame)`: false while there is no link; `onNew`: one came that was not here. */
  constructor({ rest, send, onNew = () => {}, now = () => new Date().toISOString() }) {
    Object.assign(this, { rest, send, onNew, now })
    this.state = createStore(nothingTold)
    /** How much is unread. */
    this.unread = createStore(0)
  }

  /** After a connection: what was read on another device meanwhile. */
  async connected() {
    try {
      const { items } = await this.rest.get(`${PATH}?unread=true&limit=${UNREAD_MAX}`)
      this.#change((state) => withUnread(state, items))
      if (this.state.get().loaded) await this.load()
    } catch { /* asked again at the next connection */ }
  }

  stop() {
    clearTimeout(this.#timer)
  }

  /** True where the frame was one of these. */
  hear(frame) {
    if (frame.type !== 'notification') return false
    const { notification } = frame
    const isNew = !this.state.get().unread.has(notification.id)
    this.#change((state) => withTold(state, notification))
    if (isNew) this.onNew(notification)
    this.#toTell.push(notification.id)
    this.#timer ??= setTimeout(() => this.#acknowledge(), SOON_MS)
    return true
  }

  load() {
    return this.#page('', true)
  }

  more() {
    const { next } = this.state.get()
    return next ? this.#page(`&cursor=${encodeURIComponent(next)}`, false) : undefined
  }

  async read(id) {
    if (!this.state.get().unread.has(id)) return
    this.#change((state) => withRead(state, id, this.now()))
    await this.#ask(() => this.rest.put(`${PATH}/${id}/read`))
  }

  async readAll() {
    this.#change((state) => withAllRead(state, this.now()))
    await this.#ask(() => this.rest.post(`${PATH}/read-all`))
  }

  async remove(id) {
    this.#change((state) => without(state, id))
    await this.#ask(() => this.rest.remove(`${PATH}/${id}`))
  }

  // What the server did not take is shown as it is there.
  async #ask(work) {
    try {
      await work()
    } catch (error) {
      if (error.status === 404) return
      await this.load()
      this.#change((state) => ({ ...state, error }))
    }
  }

  async #page(rest, isFirst) {
    try {
      const page = await this.rest.get(`${PATH}?limit=${PAGE}${rest}`)
      this.#change((state) => withPage(state, page, isFirst))
    } catch (error) {
      this.#change((state) => ({ ...state, error }))
    }
  }

  // Those that were not told of as delivered come again with the next connection.
  #acknowledge() {
    this.#timer = null
    const ids = this.#toTell.splice(0)
    for (let at = 0; at < ids.length; at += ACK_MAX) this.send({ type: 'ack_notifications', ids: ids.slice(at, at + ACK_MAX) })
  }

  #change(how) {
    this.state.set(how(this.state.get()))
    this.unread.set(this.state.get().unread.size)
  }
}
