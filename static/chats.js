// chats.js: all chats of the one who is signed in: fed by frames, filled from REST, with what waits to be said. It talks
// to no socket itself: frames come in by `hear` and leave by `send`.
import { calmed, contentOf, emptyChat, forgotten, gapAfter, isReachUnclear, isUnreadUnclear, lastNumber, rereadAfter, sayItem, shown, trimmed, typists, unread, withAnswer, withChat, withFilled, withMessages, withPage, withRead, withStatus, withTold, withTyping } from './chat_state.js'
import { fitsFrame } from './chat_text.js'
import { Outbox } from './outbox.js'
import { createStore } from './store.js'

const PAGE = 50
const REREAD = 200
/** More than so many pages behind one starts over with the last one. */
const REREAD_PAGES = 5
const RECEIVED_MAX = 400
const SOON_MS = 150
/** An answer that was overtaken is asked for again so much later. */
const OVERTAKEN_MS = 1000
const TYPING_EVERY_MS = 3000

/** What is said, changed and taken back, as frames. */
const SAYINGS = {
  kind: 'chat',
  frame: ({ id, type, chat_id, message_id, content }) => ({
    message: { type, id, chat_id, content }, edit_message: { type, id, message_id, content }, delete_message: { type, id, message_id },
  })[type],
  reverse: ({ type, chat_id }, message) => (type === 'message' && message ? { type: 'delete_message', chat_id, message_id: message.id } : null),
  revision: ({ chat_id, revised }, message) => ({ ...revised, type: 'edit_message', chat_id, message_id: message.id }),
}

export class Chats {
  #stores = new Map()
  #held = new Map()
  #received = []
  #drafts = new Map()
  #typed = new Map()
  #unfillable = new Map()
  #unread = new Map()
  #timers = new Map()
  #running = new Map()
  #again = new Set()
  #online = false

  /** `rest`: `{ get, all, post, patch, remove }`; `send(frame)`: false while there is no link. */
  constructor({ me, rest, storage, send, newId, now = Date.now }) {
    Object.assign(this, { me, rest, send, now })
    /** Changes with whatever chat changes: `{ states, loaded, error }`. */
    this.list = createStore({ states: [], loaded: false, error: null })
    /** Unread messages over all chats. */
    this.unread = createStore(0)
    this.waiting = createStore([])
    this.outbox = new Outbox({ user: me, storage, newId, of: SAYINGS, now, send: (frame) => this.#say(frame), onChange: (items) => this.waiting.set(items) })
    this.waiting.set(this.outbox.items())
  }

  /** One chat; `hold` it while it is on the screen. */
  store(id) {
    if (!this.#stores.has(id)) this.#stores.set(id, createStore(emptyChat(id, this.me)))
    return this.#stores.get(id)
  }

  hold(id) {
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1)
    const state = this.store(id).get()
    if (!state.chat) this.loadChat(id)
    if (state.from == null) this.older(id)
    else this.#fill(id)
    return () => {
      const holders = (this.#held.get(id) ?? 1) - 1
      if (holders) return void this.#held.set(id, holders)
      this.#held.delete(id)
      this.#change(id, trimmed)
    }
  }

  connected() {
    this.#online = true
    this.#unfillable.clear()
    this.outbox.connected()
    this.loadList()
    for (const id of this.#stores.keys()) {
      this.#change(id, (state) => (state.error ? { ...state, error: null } : state))
      if (this.#held.has(id)) this.#reread(id)
      // Read again when it is opened: who knows what was edited meanwhile.
      else this.#change(id, forgotten)
    }
  }

  disconnected() {
    this.#online = false
    this.outbox.disconnected()
  }

  stop() {
    for (const timer of this.#timers.values()) clearTimeout(timer)
  }

  /** True where the frame was one of chats. */
  hear(frame) {
    switch (frame.type) {
      case 'message':
        this.#take(frame.message)
        // INVARIANT: only what is in memory is acknowledged, so that nothing is lost between socket and screen.
        this.#received.push(frame.message.id)
        this.#soon('received', () => this.#tellReceived())
        return true
      case 'message_edited':
      case 'message_deleted':
        this.#take(frame.message)
        return true
      case 'message_status':
        this.#heard(frame.chat_id, (state) => withStatus(state, frame))
        if (isReachUnclear(this.store(frame.chat_id).get())) this.#soon(`marks ${frame.chat_id}`, () => this.#reread(frame.chat_id))
        return true
      case 'typing':
        this.#change(frame.chat_id, (state) => withTyping(state, frame.user_id, this.now()))
        this.#calm(frame.chat_id)
        return true
      case 'ack':
        return Boolean(frame.message) && this.#acknowledged(frame.id, frame.message)
      case 'error':
        return Boolean(frame.id) && this.outbox.refused(frame.id, frame.code)
      default:
        return false
    }
  }

  say(id, text) {
    const item = sayItem(this.store(id).get(), text)
    if (item) this.outbox.put(item)
    return item
  }

  /** Says a line of the screen otherwise: at once while nobody had it. */
  edit(id, line, text) {
    const { item, message, content: before } = this.#lineNow(id, line)
    const content = sayItem(this.store(id).get(), text)?.content
    if (!content || content === before) return
    if (item?.type !== 'message') this.outbox.put({ type: 'edit_message', chat_id: id, message_id: message.id, content })
    else if (item.state === 'refused') this.again(item, content)
    else if (!this.outbox.revise(item.id, { content })) this.say(id, content)
  }

  takeBack(id, line) {
    const { item, message } = this.#lineNow(id, line)
    if (item) this.outbox.undo(item.id)
    else this.outbox.put({ type: 'delete_message', chat_id: id, message_id: message.id })
  }

  // What waited when the screen was drawn may have been answered since, and be on no page that is here.
  #lineNow(id, line) {
    const state = this.store(id).get()
    const now = shown(state, this.outbox.items().filter((item) => item.chat_id === id)).find(({ key }) => key === line.key)
    const [answered] = [...state.keys].find(([, key]) => key === line.key) ?? []
    return now ?? (answered ? { ...line, item: null, message: { id: answered } } : line)
  }

  /** What was refused is asked for anew, by another id: the outcome of the old one stands. */
  again(item, content = contentOf(item)) {
    this.outbox.undo(item.id)
    const { type, chat_id, message_id } = item
    this.outbox.put({ type, chat_id, ...(message_id ? { message_id } : { after: lastNumber(this.store(chat_id).get()) }), ...(content == null ? {} : { content }) })
  }

  /** All of the chat that is known was on the screen. */
  read(id) {
    const state = this.store(id).get()
    const last = lastNumber(state)
    if (last <= state.mine || !this.send({ type: 'read', chat_id: id, up_to: last })) return
    this.#change(id, () => withRead(state, last))
  }

  /** Somebody writes here; the others are told now and then. */
  typing(id) {
    if (this.now() - (this.#typed.get(id) ?? -Infinity) < TYPING_EVERY_MS) return
    if (this.send({ type: 'typing', chat_id: id })) this.#typed.set(id, this.now())
  }

  draft(id) {
    return this.#drafts.get(id) ?? ''
  }

  keepDraft(id, text) {
    if (text) this.#drafts.set(id, text)
    else this.#drafts.delete(id)
  }

  async loadList() {
    await this.#once('list', async () => {
      try {
        const chats = await this.rest.all('/api/v1/chats')
        for (const chat of chats) this.#adopt(chat)
        this.#publish({ loaded: true, error: null })
      } catch (error) {
        this.#publish({ error })
      }
    })
  }

  async loadChat(id) {
    await this.#once(`chat ${id}`, async () => {
      try {
        this.#adopt(await this.rest.get(`/api/v1/chats/${id}`))
      } catch (error) {
        this.#change(id, (state) => ({ ...state, error }))
      }
    })
  }

  /** The direct chat with somebody, made where there is none. */
  async direct(userId) {
    const chat = await this.rest.post('/api/v1/chats', { user_ids: [userId] })
    this.#adopt(chat)
    return chat.id
  }

  async group(title, userIds) {
    const chat = await this.rest.post('/api/v1/chats', { title, user_ids: userIds })
    this.#adopt(chat)
    return chat.id
  }

  async bring(id, userIds) {
    this.#adopt(await this.rest.post(`/api/v1/chats/${id}/members`, { user_ids: userIds }))
  }

  /** Somebody is taken out of a group; oneself, who leaves it. */
  async takeOut(id, userId) {
    await this.rest.remove(`/api/v1/chats/${id}/members/${userId}`)
    await this.loadChat(id)
  }

  /** The page before what is shown; the last one at first. */
  async older(id) {
    await this.#once(`older ${id}`, async () => {
      const { from, start } = this.store(id).get()
      if (start) return
      try {
        const page = await this.rest.get(`/api/v1/chats/${id}/messages?limit=${PAGE}${from == null ? '' : `&before=${from}`}`)
        this.#heard(id, (state) => ({ ...withPage(state, page.items, page.next_cursor == null), error: null }))
        this.#fill(id)
      } catch (error) {
        this.#change(id, (state) => ({ ...state, error }))
      }
    }, true)
  }

  #adopt(chat) {
    this.#change(chat.id, (state) => withChat({ ...state, error: null }, chat))
    const told = chat.members.find((member) => member.user_id === this.me)?.read_up_to ?? 0
    const { mine, base } = this.store(chat.id).get()
    // What I read just before a cut may not have been heard.
    if (mine > told) this.send({ type: 'read', chat_id: chat.id, up_to: mine })
    if (!base.isSure) this.#soon(`chat ${chat.id}`, () => this.loadChat(chat.id), OVERTAKEN_MS)
  }

  #take(message) {
    const id = message.chat_id
    this.#heard(id, (state) => withMessages(state, [message]))
    const state = this.store(id).get()
    if (!this.#held.has(id)) this.#change(id, trimmed)
    else if (state.from != null) this.#fill(id)
    const isKnown = state.chat?.members.some((member) => member.user_id === message.sender_id)
    if (!isKnown) this.#soon(`chat ${id}`, () => this.loadChat(id))
  }

  #acknowledged(id, message) {
    const { chat_id: chat } = message
    const isSaid = this.outbox.items().some((item) => item.id === id && item.type === 'message')
    // The message first: the line turns from waiting to sent without a blink.
    if (this.#stores.has(chat)) this.#heard(chat, (state) => (isSaid ? withAnswer(state, id, message) : withMessages(state, [message])))
    this.outbox.acknowledged(id, message)
    if (this.#stores.has(chat)) this.#fill(chat)
    return true
  }

  // A text of many long characters is more than a frame may hold: it goes over REST under the same key.
  #say(frame) {
    if (!this.#online) return false
    if (fitsFrame(frame)) return this.send(frame)
    const { id, type, chat_id, message_id, content } = frame
    const asked = type === 'message' ? this.rest.post(`/api/v1/chats/${chat_id}/messages`, { content }, id)
      : this.rest.patch(`/api/v1/messages/${message_id}`, { content })
    asked.then((message) => this.#acknowledged(id, message), (error) => this.outbox.refused(id, error.code))
    return true
  }

  #tellReceived() {
    const ids = this.#received.splice(0)
    // Without a link they are told anew: the server sends them again until it hears this.
    for (let at = 0; at < ids.length; at += RECEIVED_MAX) this.send({ type: 'received', message_ids: ids.slice(at, at + RECEIVED_MAX) })
  }

  /** Asks for what is missing between what is shown. */
  async #fill(id) {
    await this.#once(`fill ${id}`, async () => {
      for (;;) {
        const gap = gapAfter(this.store(id).get())
        // What was asked for in vain is not asked for again on this connection.
        if (gap == null || this.#unfillable.get(id) === gap) return
        this.#unfillable.set(id, gap)
        const page = await this.rest.get(`/api/v1/chats/${id}/messages?after=${gap}&limit=${PAGE}`)
        this.#heard(id, (state) => withFilled(state, gap, page.items))
      }
    })
  }

  /** After a cut: the last messages again, for they may have been edited, and what came since. */
  async #reread(id) {
    await this.#once(`reread ${id}`, async () => {
      let after = rereadAfter(this.store(id).get())
      if (after == null) return this.#held.has(id) ? this.older(id) : undefined
      for (let pages = 0; pages < REREAD_PAGES; pages += 1) {
        const page = await this.rest.get(`/api/v1/chats/${id}/messages?after=${after}&limit=${REREAD}`)
        this.#heard(id, (state) => withTold(state, page.items))
        if (page.next_cursor == null) return
        after = page.items.at(-1).number
      }
      this.#change(id, forgotten)
      if (this.#held.has(id)) await this.older(id)
    })
  }

  #calm(id) {
    this.#soon(`typing ${id}`, () => {
      this.#change(id, (state) => calmed(state, this.now()))
      if (typists(this.store(id).get(), 0).length) this.#calm(id)
    }, 1000)
  }

  /** A change by what the server said of messages and marks: it may put in doubt what is unread. */
  #heard(id, how) {
    this.#change(id, how)
    const state = this.store(id).get()
    if (state.chat && isUnreadUnclear(state)) this.#soon(`chat ${id}`, () => this.loadChat(id))
  }

  #change(id, how) {
    const store = this.store(id)
    const next = how(store.get())
    if (next === store.get()) return
    store.set(next)
    // Ten thousand messages may come at once: only the chat that changed is counted.
    this.#unread.set(id, next.chat ? unread(next) : 0)
    this.#publish({})
  }

  #publish(change) {
    const states = [...this.#stores.values()].map((store) => store.get())
    this.list.set({ ...this.list.get(), ...change, states })
    this.unread.set([...this.#unread.values()].reduce((sum, n) => sum + n, 0))
  }

  /** Once for all that ask within a moment. */
  #soon(what, work, after = SOON_MS) {
    if (this.#timers.has(what)) return
    this.#timers.set(what, setTimeout(() => {
      this.#timers.delete(what)
      work()
    }, after))
  }

  // One at a time of each kind, and once more for what is asked meanwhile unless the first `isEnough`; what fails is asked
  // again when `connected`.
  async #once(what, work, isEnough = false) {
    const running = this.#running.get(what)
    if (running && !isEnough) this.#again.add(what)
    if (running) return running
    const promise = work().catch(() => {})
    this.#running.set(what, promise)
    await promise
    this.#running.delete(what)
    if (this.#again.delete(what)) await this.#once(what, work)
  }
}
