// The rows of an ended game: place, name, points, money.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { nameOf } from '../game_view.js'
import { trend } from '../money.js'

export function Results({ game, session }) {
  return html`<div class="rows" data-testid="results">
    ${game.results.map((r) => html`<div class="row" data-testid="result" data-participant=${r.participant_id}>
      <span class="n">${r.place}</span><b class="name">${nameOf(session, r.participant_id)}</b>
      <span class="p">${t('points.short', { n: r.points })}</span>
      <span class="m ${trend(r.net)}" data-testid="result-net">${gain(r.net, session.rules.currency)}</span>
    </div>`)}
  </div>`
}
