// The score as a strip over a stream: transparent around it. `?at=top` puts it above, `?money=no` leaves the money out.
import { html, useEffect } from '../html.js'
import { gain, t } from '../i18n.js'
import { lastGame, nameOf, sidePoints } from '../game_view.js'
import { trend } from '../money.js'
import { useBoardSession } from '../components/board_session.js'
import { Counting } from '../components/counting.js'
import { LastMark } from '../components/last_mark.js'

/** PURE: what the address asks for. */
export function overlayOptions(search) {
  const asked = new URLSearchParams(search)
  return { atTop: asked.get('at') === 'top', money: asked.get('money') !== 'no' }
}

export function Overlay({ code }) {
  const { state, live, over } = useBoardSession(code)
  const { atTop, money } = overlayOptions(location.search)
  useEffect(() => {
    // A dark scheme would paint the canvas behind the page.
    document.documentElement.classList.add('see-through')
    return () => document.documentElement.classList.remove('see-through')
  }, [])
  const { session } = state
  const side = atTop ? 'top' : 'bottom'
  if (over || !session) return html`<main class="overlay ${side}"><h1 class="hidden">Artel</h1><p class="strip-note" data-testid="overlay-wait" role="status">${t(over ? `board.${over}` : 'board.connecting')}</p></main>`
  const game = session.current_game ?? lastGame(state)
  return html`<main class="overlay ${side}" data-testid="overlay">
    <div class="strip-head"><h1>${session.name}</h1>${game && html`<span>${t('game.number', { n: game.number })}</span>`}
      ${!live && html`<span class="off">${t('banner.offline')}</span>`}
      ${session.current_game && html`<span class="strip-last"><${LastMark} state=${state} game=${game} /></span>`}</div>
    ${game ? html`<ol class="strip n-${game.order.length > 5 ? 'many' : 'few'}">${game.order.map((id) => html`<${Player} key=${id} session=${session} game=${game} id=${id} money=${money} />`)}</ol>`
      : html`<p class="strip-note">${t('waiting.title')}</p>`}
  </main>`
}

function Player({ session, game, id, money }) {
  const running = game.status === 'in_progress'
  const score = (running ? game.scores : game.results ?? game.scores).find((s) => s.participant_id === id)
  const turn = running && id === game.current_participant_id
  return html`<li class=${turn ? 'turn' : ''} data-testid="overlay-player">
    <b class="name">${turn && html`<i aria-hidden="true">▸</i><span class="hidden">${t('table.turn')}: </span>`}${nameOf(session, id)}</b>
    <span class="pts" data-testid="overlay-points"><${Counting} value=${sidePoints(game, session.rules, id) ?? score.points} /></span>
    ${money && html`<span class="net ${trend(score.net)}">${gain(score.net, session.rules.currency)}</span>`}
  </li>`
}
