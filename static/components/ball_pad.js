// What the thumb taps during play: balls, foul, safety, miss. Marking never asks.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { gameOf } from '../games/index.js'

export function BallPad({ rules, game, pending, nextName, onPot, onFoul, onPass, onMore }) {
  const { Pad } = gameOf(rules)
  return html`<div class="pad" data-testid="pad">
    <${Pad} rules=${rules} game=${game} pending=${pending} onPot=${onPot} onMore=${onMore} />
    <div class="acts">
      <button type="button" class="foul" data-testid="foul" onClick=${onFoul}>${t('table.foul')}</button>
      <button type="button" data-testid="safety" onClick=${() => onPass('safety')}>${t('table.safety')}</button>
      <button type="button" class="main" data-testid="miss" onClick=${() => onPass('miss')}>
        ${t('table.miss')}<small>${t('table.passes_to', { name: nextName })}</small></button>
    </div>
  </div>`
}
