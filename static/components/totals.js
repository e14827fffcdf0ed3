// What games came to: money by currency, the numbers, the run of wins or losses, the best game, breaks.
import { html } from '../html.js'
import { day, gain, lang, t } from '../i18n.js'
import { trend } from '../money.js'
import { currencies } from '../stats_view.js'
import { go } from '../router.js'
import { Icon } from './icon.js'

const FIELDS = ['games', 'wins', 'losses', 'win_rate', 'points', 'balls_potted', 'fouls', 'best_score']
const BREAKS = ['highest', 'fifties', 'centuries']

export function Totals({ title, totals, rating, testid = 'totals' }) {
  const number = new Intl.NumberFormat(lang.get())
  const share = new Intl.NumberFormat(lang.get(), { style: 'percent', maximumFractionDigits: 0 })
  const cells = FIELDS.map((field) => [t(`stats.${field}`), (field === 'win_rate' ? share : number).format(totals[field] ?? 0)])
  for (const field of totals.breaks ? BREAKS : []) cells.push([t(`breaks.${field}`), number.format(totals.breaks[field])])
  if (rating) cells.push([t('stats.rating'), html`${number.format(rating.rating)} <small title=${t('stats.deviation')}>±${number.format(rating.deviation)}</small>`])
  return html`<section class="stack">
    ${title && html`<h2 class="h">${title}</h2>`}
    <div class="rows totals" data-testid=${testid}>
      ${currencies(totals).map((currency) => html`<p class="total-net" key=${currency}><span>${t('stats.net')}</span><b class="m ${trend(totals.nets?.[currency] ?? 0)}">${gain(totals.nets?.[currency] ?? 0, currency)}</b></p>`)}
      <dl>${cells.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    </div>
  </section>`
}

/** The run that goes on now and the longest ones. */
export function Streak({ streak }) {
  if (!streak) return null
  const { kind, length } = streak.current
  return html`<section class="stack"><h2 class="h">${t('streak.title')}</h2>
    <div class="rows padded" data-testid="streak">
      <p class="streak-now">${kind ? html`<span class="dots-run" aria-hidden="true">${Array.from({ length: Math.min(length, 10) }, () => html`<i class=${kind === 'wins' ? 'won' : 'lost'}>${kind === 'wins' ? '+' : '−'}</i>`)}</span>${t(`streak.${kind}`, { n: length })}` : t('streak.none')}</p>
      <p class="quiet">${t('streak.longest', { wins: streak.longest_wins, losses: streak.longest_losses })}</p>
    </div></section>`
}

export function BestGame({ game }) {
  if (!game) return null
  return html`<button type="button" class="rows best-game" data-testid="best-game" onClick=${() => go(`/s/${game.session_id}`)}>
    <span class="who"><span class="quiet">${t('stats.best_game')} · ${day(game.ended_at)}</span><b>${t('points', { n: game.points })}</b></span><${Icon} name="next" />
  </button>`
}
