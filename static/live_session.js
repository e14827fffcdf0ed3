// live_session.js: one session as it is now: the pure state fed by frames, its whole log, its ended games and balance.
// It talks to no socket itself; frames come in by `hear`. Until the first snapshot comes it is as it was seen last.
import * as api from './api.js'
import { adopt, apply, fromSnapshot, nothing, withEvents } from './game_state.js'
import { onlyLastGame, putsRight } from './game_view.js'
import { createStore } from './store.js'

const LOG_PAGE = 200
/** Whoever hears this has no place here any more. */
const REMOVED = 'participant_removed'
const OUTSIDE = new Set(['not_found', 'insufficient_permissions', REMOVED])
const UNKNOWN = { state: nothing, balance: null, logComplete: false, told: false, online: null }
/** After these, who owes what is another thing. */
const SETTLES = new Set(['game.ended', 'game.reopened', 'session.completed', 'session.expense_added', 'session.payment_marked', 'session.table_stopped', 'session.entry_voided'])

export class LiveSession {
  #loading = new Set()
  #failed = new Map()
  #answer

  /** `seen`: what `toKeep` answered when it was open last; `onGone`: nothing of it may be kept. */
  constructor(id, { resubscribe, seen = null, onGone = () => {} }) {
    Object.assign(this, { id, resubscribe, onGone })
    /** Until the server's first word, whatever it is. */
    this.answered = new Promise((done) => { this.#answer = done })
    /** `{state, told, online, balance, logComplete, error}`; `told`: by the server, since the page was opened. */
    this.store = createStore({ ...UNKNOWN, ...seen, told: false, error: null })
  }

  afterSeq() {
    return this.#told ? this.#state.seq : null
  }

  /** What is worth keeping of it, if there is anything new: all that its screen needs without a link. */
  toKeep() {
    if (!this.#told) return null
    const { state, balance, logComplete } = this.store.get()
    return { state: { ...onlyLastGame(state), games: state.games }, balance, logComplete }
  }

  hear(frame) {
    if (frame.type === 'event') this.#take([frame.event])
    else if (frame.type === 'presence') this.#set({ online: new Set(frame.online) })
    else if (frame.type === 'subscribed') {
      if (frame.session) this.#begin(frame.session)
      else this.#take(frame.events)
      this.#retry()
    } else if (frame.type === 'error') this.failed(frame.code, !frame.id || frame.code === REMOVED)
  }

  /** An event that an acknowledgement brought before the feed did; a gap is no matter, the feed will bring it. */
  early(event) {
    if (event.seq === this.#state.seq + 1) this.#take([event])
  }

  /** `isOver`: this session is told no more, which is no answer to a mark or the like. */
  failed(code, isOver = false) {
    if (OUTSIDE.has(code) && (isOver || !this.#told)) {
      this.#set({ ...UNKNOWN })
      this.onGone()
    }
    // Without a session on screen the view has nothing else to show.
    if (!this.#state.session) this.#set({ error: code })
    this.#answer()
  }

  async refetch() {
    await this.#once('refetch', async () => {
      const [session, games] = await Promise.all([
        api.get(`/api/v1/sessions/${this.id}`),
        api.all(`/api/v1/sessions/${this.id}/games`),
      ])
      if (!this.#told) return
      this.#set({ state: adopt(this.#state, session, ended(games)) })
      // The snapshot may be ahead of the feed: what lies between belongs into the log as well.
      if (this.#logged() < this.#state.seq) this.#loadLog()
    })
  }

  async loadBalance() {
    await this.#once('balance', async () => {
      const balance = await api.get(`/api/v1/sessions/${this.id}/balance`)
      if (this.#told) this.#set({ balance })
    })
  }

  get #state() {
    return this.store.get().state
  }

  get #told() {
    return this.store.get().told
  }

  #set(change) {
    this.store.set({ ...this.store.get(), ...change })
  }

  #begin(session) {
    // A server that was set back knows less than was seen before.
    const known = this.#told || this.#state.seq <= session.seq ? this.#state : nothing
    this.#set({ state: known.session ? adopt(known, session) : fromSnapshot(session), told: true, error: null })
    this.#answer()
    this.#loadLog()
    if (session.games_played > 0 || known.session) this.refetch()
    if (session.games_played > 0 || session.table || session.participants.some((p) => p.balance !== 0)) this.loadBalance()
  }

  #take(events) {
    let state = this.#state
    // Frames that overtake the snapshot wait for it: it will contain them.
    if (!this.#told) return
    let settled = false
    let endedTouched = false
    for (const event of events) {
      const before = state
      state = apply(state, event)
      if (state.stale) {
        this.#set({ state: { ...state, stale: false } })
        return this.resubscribe()
      }
      if (state === before) state = { ...state, events: withEvents(state.events, [event]) }
      settled ||= SETTLES.has(event.type)
      endedTouched ||= putsRight(event) && before.session.current_game?.id !== event.game_id
    }
    this.#set({ state })
    // A void of an ended game moves money that only the server adds up for sure.
    if (endedTouched || state.refetch) this.refetch()
    if (settled || endedTouched) this.loadBalance()
  }

  async #loadLog() {
    await this.#once('log', async () => {
      let after = this.#logged()
      for (;;) {
        const page = await api.get(`/api/v1/sessions/${this.id}/events?after_seq=${after}&limit=${LOG_PAGE}`)
        // What was asked for before the end is not kept after it.
        if (!this.#told) return
        const state = this.#state
        this.#set({ state: { ...state, events: withEvents(state.events, page.items) } })
        if (!page.items.length) break
        after = page.items.at(-1).seq
        if (after >= page.last_seq) break
      }
      this.#set({ logComplete: true })
    })
  }

  /** How far the log goes without a gap. */
  #logged() {
    const { events } = this.#state
    const gap = events.findIndex((event, at) => event.seq !== at + 1)
    return gap < 0 ? events.length : gap
  }

  #retry() {
    const failed = [...this.#failed]
    this.#failed.clear()
    for (const [kind, work] of failed) this.#once(kind, work)
  }

  // One at a time of each kind; what is asked for meanwhile is fetched once more, what failed when the link is back.
  async #once(kind, work) {
    if (this.#loading.has(kind)) return void this.#loading.add(`${kind} again`)
    this.#loading.add(kind)
    try { await work() } catch { this.#failed.set(kind, work) }
    this.#loading.delete(kind)
    if (this.#loading.delete(`${kind} again`)) await this.#once(kind, work)
  }
}

const ended = (games) => games.filter((game) => game.status !== 'in_progress')
