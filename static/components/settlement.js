// Who pays whom, in the fewest transfers, as the server worked it out.
import { html } from '../html.js'
import { money, t } from '../i18n.js'
import * as api from '../api.js'
import { isCreator, nameOf, participantOf } from '../game_view.js'
import { useAsked } from './asked.js'
import { Icon } from './icon.js'
import { Problem } from './problem.js'
import { ShareResult } from './share_result.js'
import { TakeAway } from './take_away.js'

export function Settlement({ balance, session, me }) {
  const { settlement, currency } = balance
  const { busy, error, ask } = useAsked()
  const mine = participantOf(session, me?.id)?.id
  const may = (pay) => me && (isCreator(session, me.id) || [pay.from, pay.to].includes(mine))
  const paid = (pay) => ask(() => api.post(`/api/v1/sessions/${session.id}/payments`, pay))
  return html`<h2 class="h">${t('settlement.title')} · ${t('settlement.transfers', { n: settlement.length })}</h2>
    ${settlement.length ? html`<div class="rows" data-testid="settlement">
      ${settlement.map((pay) => html`<div class="pay" data-testid="transfer" data-amount=${pay.amount}>
        <span class="name one-line" title=${nameOf(session, pay.from)}>${nameOf(session, pay.from)}</span><i><${Icon} name="arrow" size=${18} /><span class="hidden">${t('settlement.pays')}</span></i>
        <span class="name one-line" title=${nameOf(session, pay.to)}>${nameOf(session, pay.to)}</span><span class="m">${money(pay.amount, currency)}</span>
        ${may(pay) && html`<button type="button" class="small paid" disabled=${busy} data-testid="paid" onClick=${() => paid(pay)}>${t('settlement.paid')}</button>`}
      </div>`)}
    </div>` : html`<p class="quiet">${t('settlement.none')}</p>`}
    <${Problem} error=${error} />
    <${ShareResult} balance=${balance} session=${session} />
    <${TakeAway} balance=${balance} session=${session} />`
}
