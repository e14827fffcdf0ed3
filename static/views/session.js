// One session: holds it open and shows the screen of the moment: waiting, table, result, evening.
import { html, useEffect, useState } from '../html.js'
import { t } from '../i18n.js'
import { around } from '../lazy.js'
import { link, openSession } from '../page.js'
import { nothing } from '../game_state.js'
import { lastGame, participantOf } from '../game_view.js'
import { useStore } from '../store.js'
import { Bar } from '../components/bar.js'
import { Banner } from '../components/banner.js'
import { ChatButton } from '../components/chat_button.js'
import { Problem } from '../components/problem.js'
import { Sheet } from '../components/sheet.js'
import { useSignals } from '../components/signals.js'
import { useWide } from '../components/wide.js'
import { Table } from './table.js'

const Evening = around.part('Evening')
const NotMember = around.part('NotMember', ({ children }) => children)
const Result = around.part('Result')
const Waiting = around.part('Waiting')
const ChatPane = around.part('ChatPane', ({ children }) => html`<aside class="pane"><div class="splash center">${children}</div></aside>`)
const ChatSheet = around.part('ChatSheet', ({ onClose, children }) => html`<${Sheet} title=${t('chat.title')} onClose=${onClose}><div class="splash center">${children}</div></${Sheet}>`)

/** What is said to somebody who has the address of a table, but no place at it. */
const OUTSIDE = new Set(['insufficient_permissions', 'not_found', 'participant_removed'])
// Two panes of the table, and the chat as a third.
const CHAT_BESIDE = 1100

export function Session({ id, me }) {
  const [live, setLive] = useState(null)
  useEffect(() => {
    const open = openSession(id)
    setLive(open.live)
    return () => { setLive(null); open.close() }
  }, [id])
  return live ? html`<${Open} live=${live} me=${me} />` : null
}

function Open({ live, me }) {
  const view = useStore(live.store)
  const { session } = view.state
  const isAway = useStore(link) === 'offline'
  const wide = useWide(CHAT_BESIDE)
  const [chatting, chat] = useState(false)
  // What was marked before the page was open is no news.
  useSignals(view.told ? view.state : nothing, session && participantOf(session, me.id)?.id)
  const game = lastGame(view.state)
  // Between games the screen is the last result, which comes a moment after the snapshot.
  const between = session?.status === 'in_progress' && !session.current_game && session.games_played > 0
  if (!session || (between && !game)) {
    return html`<main class="page"><${Bar} title=${t('nav.lobby')} back="/" /><${Banner} />
      <div class="sheet">${OUTSIDE.has(view.error) ? html`<${NotMember} removed=${view.error === 'participant_removed'} />` : view.error ? html`<${Problem} error=${{ code: view.error }} />`
        : html`<p class="quiet" data-testid="loading">${t(isAway ? 'state.not_kept' : 'state.loading')}</p>`}</div></main>`
  }
  const speaks = session.chat_id && participantOf(session, me.id)?.joined_at != null
  const props = { live, view, session, me }
  props.chat = speaks && !wide && html`<${ChatButton} id=${session.chat_id} open=${chatting} onClick=${() => chat(true)} />`
  // The chat is beside the screens of a session, not in one of them: it stays when a game ends in the middle of a word.
  return html`<div class="session${speaks && wide ? ' beside' : ''}">
    ${screen(props, game)}
    ${speaks && wide && html`<${ChatPane} session=${session} me=${me} />`}
    ${speaks && !wide && chatting && html`<${ChatSheet} session=${session} me=${me} onClose=${() => chat(false)} />`}
  </div>`
}

function screen(props, game) {
  const { session } = props
  if (session.status === 'completed' || session.status === 'cancelled') return html`<${Evening} ...${props} />`
  if (session.current_game) return html`<${Table} key=${session.current_game.id} ...${props} />`
  if (game?.results) return html`<${Result} game=${game} ...${props} />`
  return html`<${Waiting} ...${props} />`
}
