// The players of a running game on the board, all of them: in one row or in two, as large as they can be.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { nameOf, pottedBalls, sidePoints, standing } from '../game_view.js'
import { trend } from '../money.js'
import { Ball } from './ball.js'
import { Counting } from './counting.js'

const BALLS_SHOWN = 10
// Letters that a line of the narrowest column holds: nobody taps a board to see the rest.
const LINE = 12

/** PURE: how many stand side by side: up to six in one row, more in two. */
export const across = (players) => (players <= 6 ? players : Math.ceil(players / 2))

export function BoardColumns({ session, game, events }) {
  const balls = pottedBalls(events, game.id)
  const { order } = game
  // Three digits, or a minus before two, need smaller figures in all columns alike.
  const long = game.scores.some((s) => String(s.points).length > 2) ? ' long' : ''
  return html`<div class="cols across-${across(order.length)} rows-${order.length > 6 ? 2 : 1}${long}">${order.map((id) => {
    const score = game.scores.find((s) => s.participant_id === id)
    const turn = id === game.current_participant_id
    const side = sidePoints(game, session.rules, id)
    return html`<div class="col${turn ? ' turn' : ''}" key=${id} data-testid="board-player">
      ${turn && html`<em class="cue">${t('table.turn')}</em>`}
      <b class="name${nameOf(session, id).length > LINE ? ' wordy' : ''}">${nameOf(session, id)}</b>
      <span class="pts" data-testid="board-points"><${Counting} value=${score.points} /></span>
      <span class="net ${trend(score.net)}">${gain(score.net, session.rules.currency)}</span>
      <span class="so-far">${side != null ? `${t('table.side')} ${side} · ` : ''}${t('table.evening', { sum: gain(standing(session, id), session.rules.currency) })}</span>
      <span class="bs">${(balls.get(id) ?? []).slice(-BALLS_SHOWN).map((ball) => html`<${Ball} color=${ball.color} own=${ball.own} />`)}</span>
    </div>`
  })}</div>`
}
