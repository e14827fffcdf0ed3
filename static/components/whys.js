// A button for each balance: why is it so?
import { html } from '../html.js'
import { nameOf, withMoney } from '../game_view.js'
import { gain, t } from '../i18n.js'
import { trend } from '../money.js'

export function Whys({ balance, session, onWhy }) {
  const sums = withMoney(balance)
  return sums.length > 0 && html`<h2 class="h">${t('ledger.why')}</h2>
    <div class="rows">${sums.map(({ participant_id: id, net }) => html`<button type="button" class="row" key=${id} data-testid="ledger-button" data-participant=${id} onClick=${() => onWhy(id)}>
      <b class="name">${nameOf(session, id)}</b><span class="m ${trend(net)}">${gain(net, balance.currency)}</span></button>`)}</div>`
}
