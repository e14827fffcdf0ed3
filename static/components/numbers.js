// The statistics of one player: all games or one kind of them, charts, opponents, evenings.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { news } from '../page.js'
import { playedTypes } from '../stats_view.js'
import { useStore } from '../store.js'
import { BallShares } from './ball_shares.js'
import { ByGame } from './by_game.js'
import { Choice } from './choice.js'
import { useLoaded } from './loaded.js'
import { MoneyOverTime } from './money_over_time.js'
import { Opponents } from './opponents.js'
import { Failed } from './pages.js'
import { PlayedEvenings } from './played_evenings.js'
import { BestGame, Streak, Totals } from './totals.js'

export function Numbers({ userId, isMine }) {
  const age = useStore(news)
  const [type, choose] = useState('all')
  const { value, error, retry } = useLoaded(() => api.get(`/api/v1/stats/users/${userId}`), [userId, age])
  if (!value) return error ? html`<${Failed} error=${error} onRetry=${retry} />` : html`<p class="quiet" role="status">${t('state.loading')}</p>`
  if (!value.totals.games) return html`<p class="quiet" data-testid="empty">${t(isMine ? 'stats.empty' : 'stats.empty_other')}</p>`
  const types = playedTypes(value)
  const shown = value.by_game_type[type] ?? value.totals
  const isAll = shown === value.totals
  const options = [['all', t('stats.all_games')], ...types.map((one) => [one, t(`game.${one}`)])]
  return html`
    ${types.length > 1 && html`<${Choice} name="stats-type" label=${t('stats.which')} value=${type} options=${options} onChange=${choose} />`}
    <div class="numbers two-sides">
      <div class="numbers"><${Totals} totals=${shown} rating=${isAll && types.length > 1 ? null : value.ratings?.[isAll ? types[0] : type]} />
        ${isAll && html`<${MoneyOverTime} userId=${userId} totals=${value.totals} age=${age} />`}
        <${Streak} streak=${shown.streak} />
        <${BestGame} game=${shown.best_game} /></div>
      <div class="numbers">${isAll && types.length > 1 && html`<${ByGame} statistics=${value} types=${types} onChoose=${choose} />`}
        <${BallShares} balls=${shown.balls_by_color} />
        <${Opponents} userId=${userId} type=${type} age=${age} />
        ${isAll && html`<${PlayedEvenings} userId=${userId} age=${age} />`}</div>
    </div>`
}
