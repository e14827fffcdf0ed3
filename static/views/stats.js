// My totals over all evenings, and by game.
import { html } from '../html.js'
import { gain, lang, t } from '../i18n.js'
import * as api from '../api.js'
import { trend } from '../money.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { useLoaded } from '../components/loaded.js'
import { Problem } from '../components/problem.js'
import { Tabs } from '../components/tabs.js'

const FIELDS = ['games', 'wins', 'losses', 'win_rate', 'points', 'balls_potted', 'fouls', 'best_score']

export function Stats({ me }) {
  const { value, error } = useLoaded(() => api.get(`/api/v1/stats/users/${me.id}`), [me.id])
  const played = Object.entries(value?.by_game_type ?? {}).filter(([, totals]) => totals.games > 0)
  return html`<main class="page" data-testid="stats">
    <${Bar} title=${t('nav.stats')} sub=${me.display_name || me.username} />
    <${Banner} />
    <div class="sheet">
      <${Problem} error=${error} />
      ${!value && !error && html`<p class="quiet">${t('state.loading')}</p>`}
      ${value && html`<${Totals} title=${t('stats.all')} totals=${value.totals} />`}
      ${value && !value.totals.games && html`<p class="quiet">${t('stats.empty')}</p>`}
      ${played.length > 1 && played.map(([type, totals]) => html`<${Totals} title=${t(`game.${type}`)} totals=${totals} />`)}
    </div>
    <${Tabs} at="stats" />
  </main>`
}

/** A row for each currency that was played for. */
function nets(totals) {
  const all = Object.entries(totals.nets ?? {})
  return all.length ? all : [['RUB', 0]]
}

function Totals({ title, totals }) {
  const number = new Intl.NumberFormat(lang.get())
  const share = new Intl.NumberFormat(lang.get(), { style: 'percent', maximumFractionDigits: 0 })
  return html`<h2 class="h">${title}</h2>
    <div class="rows totals" data-testid="totals">
      ${nets(totals).map(([currency, net]) => html`<p class="total-net"><span>${t('stats.net')}</span><b class="m ${trend(net)}">${gain(net, currency)}</b></p>`)}
      <dl>${FIELDS.map((field) => html`<div><dt>${t(`stats.${field}`)}</dt><dd>${(field === 'win_rate' ? share : number).format(totals[field] ?? 0)}</dd></div>`)}</dl>
    </div>`
}
