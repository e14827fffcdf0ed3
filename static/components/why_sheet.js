// Why each player gets or owes what the result says, in the words of the rules the game was played by.
import { html } from '../html.js'
import { gain, money, t } from '../i18n.js'
import { nameOf } from '../game_view.js'
import { gameOf } from '../games/index.js'
import { trend } from '../money.js'
import { Sheet } from './sheet.js'

export function WhySheet({ game, session, onClose }) {
  const currency = session.rules.currency
  return html`<${Sheet} title=${t('why.title')} onClose=${onClose} testid="why">
    <p class="quiet">${t(`why.${gameOf(session.rules).why(session.rules)}`)}</p>
    ${game.results.map((result) => html`<section class="why-one">
      <h3><span class="name">${nameOf(session, result.participant_id)}</span><span class="m ${trend(result.net)}">${gain(result.net, currency)}</span></h3>
      ${explain(result).map((line) => html`<p>${line}</p>`)}
    </section>`)}
  </${Sheet}>`

  function explain(result) {
    const ring = gameOf(session.rules).ring(game, session.rules, result.participant_id)
    if (!ring) return [t('why.sum', { earned: money(result.earned, currency), paid: money(result.paid, currency) })]
    const price = money(session.rules[gameOf(session.rules).priceField], currency)
    return [
      t('why.earned', { n: ring.points, price, sum: gain(ring.earned, currency), name: nameOf(session, ring.previous) }),
      t('why.paid', { n: ring.nextPoints, price, sum: gain(-ring.paid, currency), name: nameOf(session, ring.next) }),
    ]
  }
}
