// Whom a player has played against: how often each was ahead, and the money of these games.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { trend } from '../money.js'
import { called } from '../names.js'
import { query } from '../stats_view.js'
import { go } from '../router.js'
import { Face } from './face.js'
import { PagesEnd, usePages } from './pages.js'
import { ShareBar } from './share_bar.js'

export function Opponents({ userId, type, age }) {
  const pages = usePages(`/api/v1/stats/users/${userId}/opponents${query({ game_type: type, limit: 10 })}`, [age])
  return html`<section class="stack" data-testid="opponents"><h2 class="h">${t('stats.opponents')}</h2>
    ${pages.items.length > 0 && html`<div class="rows">${pages.items.map((one, index) => html`<${Opponent} key=${one.user_id} one=${one} index=${index} />`)}</div>`}
    <${PagesEnd} pages=${pages} empty=${t('stats.no_opponents')} />
  </section>`
}

function Opponent({ one, index }) {
  const met = Math.max(1, one.games)
  return html`<button type="button" class="row person" data-testid="opponent" onClick=${() => go(`/users/${one.user_id}`)}>
    <${Face} name=${called(one.display_name)} index=${index} />
    <span class="who"><b class="name">${called(one.display_name)}</b><span class="said">${t('games', { n: one.games })} · ${t('stats.ahead', { ahead: one.ahead, behind: one.behind })}</span>
      <${ShareBar} parts=${[['won', one.ahead / met], ['lost', one.behind / met]]} /></span>
    <span class="nets">${Object.entries(one.nets).map(([currency, net]) => html`<b class="m ${trend(net)}" key=${currency}>${gain(net, currency)}</b>`)}</span>
  </button>`
}
