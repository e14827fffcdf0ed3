// board_feed.js: the server-sent events of a session for the board, which has a share's code and nothing else.
import { adopt, apply, fromSnapshot, withEvents } from './game_state.js'
import { onlyLastGame } from './game_view.js'

const EVENTS = ['session.created', 'session.player_joined', 'session.player_left', 'session.player_removed', 'session.player_updated',
  'session.claim_asked', 'session.claim_declined', 'session.participant_claimed', 'session.scorer_admitted', 'session.scorer_link_ended',
  'session.settings_changed', 'session.creator_changed', 'session.expense_added', 'session.payment_marked', 'session.table_stopped',
  'session.entry_voided', 'session.completed', 'session.cancelled', 'game.started', 'game.ball_potted', 'game.foul_committed',
  'game.turn_changed', 'game.event_voided', 'game.event_reassigned', 'game.reopened', 'game.ended', 'game.cancelled']
// What the transfers follow from: only the server adds those up.
const MOVES_MONEY = new Set(['game.ended', 'game.reopened'])
const RETRY_MS = 3000

/** The session that a share's code opens; fails with the status and the code of the answer where it opens none. */
export async function opened(code) {
  const response = await fetch(`/api/v1/shares/${encodeURIComponent(code)}`, { headers: { accept: 'application/json' } })
  const answer = await response.json().catch(() => null)
  if (!response.ok) throw Object.assign(new Error('no share'), { status: response.status, code: answer?.code })
  return answer.session_id
}

/** Follows a session, of which a board that stays on for days keeps one game only, until stopped: the browser resumes by itself, but a refused stream must be asked for anew. */
export function follow(url, update, setLive) {
  let source = null
  let timer = null
  let known = 0
  const open = () => {
    source = new EventSource(url)
    source.addEventListener('snapshot', ({ data }) => {
      const told = JSON.parse(data)
      const { last_game: last, currency, totals, settlement, ...session } = told
      const games = last ? [last] : []
      const evening = { currency, totals, settlement }
      update((state) => onlyLastGame({ ...(state.session ? adopt(state, session, games) : fromSnapshot(session, games)), evening }))
      if (session.seq > known) backlog(url, known, session.seq, update)
      known = session.seq
    })
    for (const type of EVENTS) source.addEventListener(type, ({ data }) => take(JSON.parse(data)))
    source.onopen = () => setLive(true)
    source.onerror = () => {
      setLive(false)
      if (source.readyState === EventSource.CLOSED) reopen(RETRY_MS)
    }
  }
  const take = (event) => update((state) => {
    const next = apply(state, event)
    known = Math.max(known, next.seq)
    // A fresh stream begins with a snapshot, which heals a gap as well as an unknown game.
    const unsure = next.stale || next.refetch || MOVES_MONEY.has(event.type)
    if (unsure) reopen(0)
    return { ...onlyLastGame(next), evening: unsure ? null : state.evening, stale: false, refetch: false }
  })
  const reopen = (delay) => {
    source.close()
    clearTimeout(timer)
    timer = setTimeout(open, delay)
  }
  open()
  return () => {
    clearTimeout(timer)
    source.close()
  }
}

// What was potted before the snapshot: the same stream from what is known, read until it has caught up.
async function backlog(url, after, until, update) {
  const stop = new AbortController()
  try {
    const response = await fetch(url, { headers: { accept: 'text/event-stream', 'last-event-id': String(after) }, signal: stop.signal })
    if (!response.ok) return
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    const events = []
    for (let text = ''; (events.at(-1)?.seq ?? 0) < until;) {
      const { done, value } = await reader.read()
      if (done) break
      const blocks = (text + value).split('\n\n')
      text = blocks.pop()
      for (const block of blocks) {
        const data = /^data: ?(.*)$/m.exec(block)?.[1]
        const event = data && JSON.parse(data)
        if (event?.event_id) events.push(event)
        else if (event) return
      }
    }
    update((state) => onlyLastGame({ ...state, events: withEvents(state.events, events) }))
  } catch { /* without it the board shows the points all the same */ } finally {
    stop.abort()
  }
}
