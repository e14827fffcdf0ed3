// Each kind of game that was played: how often it was won, and the money of it.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { trend } from '../money.js'
import { currencies } from '../stats_view.js'
import { ShareBar } from './share_bar.js'

export function ByGame({ statistics, types, onChoose }) {
  return html`<section class="stack"><h2 class="h">${t('stats.by_game')}</h2>
    <div class="rows" data-testid="by-game">${types.map((type) => {
      const totals = statistics.by_game_type[type]
      return html`<button type="button" class="row by-game" key=${type} data-testid="by-game-${type}" onClick=${() => onChoose(type)}>
        <span class="who"><b class="name">${t(`game.${type}`)}</b><span class="said">${t('stats.won_of', { wins: totals.wins, n: totals.games })}</span>
          <${ShareBar} parts=${[['won', totals.wins / totals.games], ['lost', totals.losses / totals.games]]} /></span>
        <span class="nets">${currencies(totals).map((currency) => html`<b class="m ${trend(totals.nets?.[currency] ?? 0)}" key=${currency}>${gain(totals.nets?.[currency] ?? 0, currency)}</b>`)}</span>
      </button>`
    })}</div></section>`
}
