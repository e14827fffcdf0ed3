// The board over the table, read from five metres: nothing on it needs a hand. Fed by server-sent events.
import { html, useEffect } from '../html.js'
import { t } from '../i18n.js'
import { lastGame } from '../game_view.js'
import { gameOf } from '../games/index.js'
import { useAwake } from '../components/awake.js'
import { BoardColumns } from '../components/board_columns.js'
import { useBoardSession } from '../components/board_session.js'
import { BoardEvening, BoardInvite } from '../components/board_evening.js'
import { FullScreen } from '../components/full_screen.js'
import { LastMark } from '../components/last_mark.js'
import { Since } from '../components/since.js'

/** A session told no code to a share: whoever makes the link may put it behind the `#`, which no server sees. */
const codeToJoin = () => /^#([A-Za-z0-9]{4,12})$/.exec(location.hash)?.[1].toUpperCase() ?? null

/** On a TV: `join`, the code to come to the table by; `next`, what its foot says once the evening is over; `onOver`, once the share is. */
export function Board({ code, join = codeToJoin(), next = null, onOver }) {
  const { state, live, over } = useBoardSession(code)
  const { session } = state
  useAwake()
  useEffect(() => { if (over) onOver?.() }, [over])
  if (over || !session) return html`<${Nothing} over=${over} />`
  const game = session.current_game ?? lastGame(state)
  const running = Boolean(session.current_game)
  const open = ['waiting', 'in_progress'].includes(session.status)
  return html`<main class="board" data-testid="board">
    <header><h1>${session.name}</h1><span>${stage(session, game)} · ${gameOf(session.rules).priceText(session.rules)}</span>
      <span class="r">${!live && html`<b class="off" role="status" data-testid="board-offline">${t('banner.offline')}</b> `}${running && html`<${Since} start=${game.started_at} />`}</span>
      <${FullScreen} /></header>
    ${running ? html`<${BoardColumns} session=${session} game=${game} events=${state.events} />`
      : game ? html`<${BoardEvening} session=${session} game=${game} evening=${state.evening} code=${open ? join : null} />`
        : html`<${BoardInvite} session=${session} code=${open ? join : null} />`}
    <footer>${running ? html`<${LastMark} state=${state} game=${game} />` : html`<span>${t(`board.next.${session.status}`)}</span>`}
      <span class="r">${running ? gameOf(session.rules).onTable(game) : open ? '' : next}</span></footer>
  </main>`
}

function Nothing({ over }) {
  return html`<main class="board empty" data-testid="board-empty"><h1 class="hidden">Artel</h1><p role="status" data-testid="board-wait">${t(over ? `board.${over}` : 'board.connecting')}</p></main>`
}

function stage(session, game) {
  if (session.status === 'completed') return `${t('evening.completed')} · ${t('games', { n: session.games_played })}`
  if (session.status === 'cancelled') return t('lobby.cancelled')
  return game ? t('game.number', { n: game.number }) : t('waiting.title')
}
