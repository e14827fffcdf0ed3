// board_feed.js: the server-sent events of a session for the board, which has a share's code and nothing else.
import { adopt, apply, fromSnapshot, withEvents } from './game_state.js'

const EVENTS = ['session.created', 'session.player_joined', 'session.player_left', 'session.player_removed', 'session.player_updated',
  'session.settings_changed', 'session.creator_changed', 'session.completed', 'session.cancelled', 'game.started', 'game.ball_potted',
  'game.foul_committed', 'game.turn_changed', 'game.event_voided', 'game.ended', 'game.cancelled']
const RETRY_MS = 3000

/** The session that a share's code opens; fails with the status where it opens none. */
export async function opened(code) {
  const response = await fetch(`/api/v1/shares/${encodeURIComponent(code)}`, { headers: { accept: 'application/json' } })
  if (!response.ok) throw Object.assign(new Error('no share'), { status: response.status })
  return (await response.json()).session_id
}

/** Follows a session until stopped: the browser resumes by itself, but a refused stream must be asked for anew. */
export function follow(url, update, setLive) {
  let source = null
  let timer = null
  const open = () => {
    source = new EventSource(url)
    source.addEventListener('snapshot', ({ data }) => {
      const told = JSON.parse(data)
      const { last_game: last, currency: _, totals: __, settlement: ___, ...session } = told
      const games = last ? [last] : []
      update((state) => (state.session ? adopt(state, session, games) : fromSnapshot(session, games)))
      backlog(url, session.seq, update)
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
    // A fresh stream begins with a snapshot, which heals a gap as well as an unknown game.
    if (next.stale || next.refetch) reopen(0)
    return { ...next, stale: false, refetch: false }
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

// What was potted before the snapshot: the same stream from the beginning, read until it has caught up.
async function backlog(url, until, update) {
  const stop = new AbortController()
  try {
    const response = await fetch(url, { headers: { accept: 'text/event-stream', 'last-event-id': '0' }, signal: stop.signal })
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
    update((state) => ({ ...state, events: withEvents(state.events, events) }))
  } catch { /* without it the board shows the points all the same */ } finally {
    stop.abort()
  }
}
