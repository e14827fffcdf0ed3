// The rows of an ended game: place, name, points, money.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { nameOf } from '../game_view.js'
import { trend } from '../money.js'

export function Results({ game, session, testid = 'result' }) {
  return html`<div class="rows" data-testid="${testid}s">
    ${game.results.map((r) => html`<div class="row" data-testid=${testid} data-participant=${r.participant_id}>
      <span class="n">${r.place}</span><b><span class="name one-line" title=${nameOf(session, r.participant_id)}>${nameOf(session, r.participant_id)}</span></b>
      <span class="p">${t('points.short', { n: r.points })}</span>
      <span class="m ${trend(r.net)}" data-testid="${testid}-net">${gain(r.net, session.rules.currency)}</span>
    </div>`)}
  </div>`
}
