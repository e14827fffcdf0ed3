// Who leads in a club: by money, wins or rating, over a week, a month or all time.
import { html, useState } from '../html.js'
import { gain, lang, t } from '../i18n.js'
import * as api from '../api.js'
import { trend } from '../money.js'
import { Choice, named } from './choice.js'
import { useLoaded } from './loaded.js'
import { Problem } from './problem.js'

const SHOWN = 50
/** As many as one answer has: the list is read again every few seconds. */
const SHOWN_MAX = 200

const zone = () => encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC')

export function ClubLeaders({ clubId, me, age }) {
  const [by, sort] = useState('net')
  const [period, since] = useState('all')
  const [shown, more] = useState(SHOWN)
  const { value, error } = useLoaded(() => api.get(`/api/v1/stats/leaderboard?scope=club&club_id=${clubId}&by=${by}&period=${period}&time_zone=${zone()}&limit=${shown}`), [clubId, by, period, age, shown])
  return html`<h2 class="h">${t('clubs.leaders')}</h2>
    <${Choice} name="leaders-by" label=${t('clubs.by')} value=${by} options=${named('clubs.by', ['net', 'wins', 'rating'])} onChange=${sort} />
    <${Choice} name="leaders-period" label=${t('clubs.period')} value=${period} options=${named('clubs.period', ['week', 'month', 'all'])} onChange=${since} />
    <${Problem} error=${!value && error} />
    ${!value && !error && html`<p class="quiet">${t('state.loading')}</p>`}
    ${value?.items.length === 0 && html`<p class="quiet">${t('clubs.no_leaders')}</p>`}
    ${value?.items.length > 0 && html`<ol class="rows leaders">${value.items.map((leader) => html`<li class="row${leader.user_id === me.id ? ' mine' : ''}" key=${leader.user_id} data-testid="leader">
      <span class="n">${leader.rank}</span><span class="who"><b class="name">${leader.display_name}</b><span class="sub">${t('games', { n: leader.games })} · ${t('clubs.wins', { n: leader.wins })}</span></span><span></span>${worth(leader, by)}</li>`)}</ol>`}
    ${value?.next_cursor && shown < SHOWN_MAX && html`<button type="button" class="ghost" data-testid="leaders-more" onClick=${() => more(SHOWN_MAX)}>${t('people.more')}</button>`}`
}

function worth(leader, by) {
  if (by === 'net') return html`<span class="m ${trend(leader.net)}">${gain(leader.net, leader.currency)}</span>`
  return html`<span class="m">${new Intl.NumberFormat(lang.get(), { maximumFractionDigits: 0 }).format(by === 'wins' ? leader.wins : leader.rating)}</span>`
}
