// The evenings of a player: games, wins, the money of the games. Names of private ones are told to oneself alone.
import { html } from '../html.js'
import { day, gain, t } from '../i18n.js'
import { trend } from '../money.js'
import { go } from '../router.js'
import { PagesEnd, usePages } from './pages.js'

export function PlayedEvenings({ userId, limit = 10, age }) {
  const pages = usePages(`/api/v1/stats/users/${userId}/evenings?limit=${limit}`, [age])
  return html`<section class="stack" data-testid="evenings"><h2 class="h">${t('stats.evenings')}</h2>
    ${pages.items.length > 0 && html`<div class="rows">${pages.items.map((one) => html`<${Evening} key=${`${one.session_id}${one.currency}`} one=${one} />`)}</div>`}
    <${PagesEnd} pages=${pages} empty=${t('stats.no_evenings')} />
  </section>`
}

function Evening({ one }) {
  const words = [day(one.started_at), t('games', { n: one.games }), t('wins', { n: one.wins })]
  const text = html`<span class="who"><b class="name">${one.name ?? t('stats.evening')}</b><span class="said">${words.join(' · ')}</span></span>
    ${one.currency && html`<b class="m ${trend(one.net)}">${gain(one.net, one.currency)}</b>`}`
  // Without its name it is somebody else's, which may not be open to the reader.
  return one.name ? html`<button type="button" class="row past" data-testid="evening" onClick=${() => go(`/s/${one.session_id}`)}>${text}</button>`
    : html`<div class="row past" data-testid="evening">${text}</div>`
}
