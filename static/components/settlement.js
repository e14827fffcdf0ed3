// Who pays whom, in the fewest transfers, as the server worked it out.
import { html } from '../html.js'
import { money, t } from '../i18n.js'
import { nameOf } from '../game_view.js'
import { Icon } from './icon.js'
import { ShareResult } from './share_result.js'

export function Settlement({ balance, session }) {
  const { settlement, currency } = balance
  return html`<h2 class="h">${t('settlement.title')} · ${t('settlement.transfers', { n: settlement.length })}</h2>
    ${settlement.length ? html`<div class="rows" data-testid="settlement">
      ${settlement.map((pay) => html`<div class="pay" data-testid="transfer" data-amount=${pay.amount}>
        <span class="name">${nameOf(session, pay.from)}</span><i><${Icon} name="arrow" size=${18} /><span class="hidden">${t('settlement.pays')}</span></i>
        <span class="name">${nameOf(session, pay.to)}</span><span class="m">${money(pay.amount, currency)}</span>
      </div>`)}
    </div>` : html`<p class="quiet">${t('settlement.none')}</p>`}
    <${ShareResult} balance=${balance} session=${session} />`
}
