// The money of a player over time: by game, week or month, and by currency where there are several.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { currencies, query } from '../stats_view.js'
import { Choice, named, Select } from './choice.js'
import { useLoaded } from './loaded.js'
import { MoneyChart } from './money_chart.js'
import { Failed } from './pages.js'

const BY = ['game', 'day', 'week', 'month']
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

export function MoneyOverTime({ userId, totals, age }) {
  const all = currencies(totals)
  const [by, group] = useState('game')
  const [currency, choose] = useState(all[0])
  const { value: series, error, retry } = useLoaded(() => api.get(`/api/v1/stats/users/${userId}/money${query({ by, currency, time_zone: zone })}`), [userId, by, currency, age])
  return html`<section class="stack" data-testid="money-over-time">
    <h2 class="h">${t('money_chart.title')}</h2>
    ${all.length > 1 && html`<${Select} label=${t('money_chart.currency')} value=${currency} options=${all.map((one) => [one, one])} onChange=${choose} />`}
    <${Choice} name="money-by" label=${t('money_chart.by')} value=${by} options=${named('money_chart.by', BY)} onChange=${group} />
    ${error && !series && html`<${Failed} error=${error} onRetry=${retry} />`}
    ${!series && !error && html`<p class="quiet" role="status">${t('state.loading')}</p>`}
    ${series && (series.items.length ? html`<${MoneyChart} series=${series} timed=${by === 'game'} />` : html`<p class="quiet">${t('money_chart.none')}</p>`)}
  </section>`
}
