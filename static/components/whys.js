// A button for each balance: why is it so?
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { trend } from '../money.js'

export function Whys({ session, onWhy }) {
  const seats = session.participants.filter((p) => p.role !== 'spectator' && (p.games_played > 0 || p.balance !== 0))
  return html`<h2 class="h">${t('ledger.why')}</h2>
    <div class="rows">${seats.map((p) => html`<button type="button" class="row" key=${p.id} data-testid="ledger-button" data-participant=${p.id} onClick=${() => onWhy(p.id)}>
      <b class="name">${p.display_name}</b><span class="m ${trend(p.balance)}">${gain(p.balance, session.rules.currency)}</span></button>`)}</div>`
}
