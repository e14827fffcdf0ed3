// What the thumb taps during play: balls, foul, safety, miss. Marking never asks.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { Ball } from './ball.js'

export function BallPad({ rules, game, pending, nextName, onPot, onFoul, onPass, onMore }) {
  const kolkhoz = rules.game_type === 'kolkhoz'
  return html`<div class="pad" data-testid="pad">
    ${kolkhoz ? html`<div class="balls">
      ${rules.balls.map((ball) => html`<${PadBall} ball=${ball} left=${leftOf(ball.color, game, pending)} onPot=${onPot} />`)}
      ${rules.balls.length % 4 !== 0 && html`<button type="button" class="more" aria-label=${t('table.more')} onClick=${onMore}>···</button>`}
    </div>` : html`<${PyramidBalls} own=${rules.game_type === 'moscow_pyramid'} onPot=${onPot} />`}
    <div class="acts">
      <button type="button" class="foul" data-testid="foul" onClick=${onFoul}>${t('table.foul')}</button>
      <button type="button" data-testid="safety" onClick=${() => onPass('safety')}>${t('table.safety')}</button>
      <button type="button" class="main" data-testid="miss" onClick=${() => onPass('miss')}>
        ${t('table.miss')}<small>${t('table.passes_to', { name: nextName })}</small></button>
    </div>
  </div>`
}

function PadBall({ ball, left, onPot }) {
  const name = t(`color.${ball.color}`)
  const label = `${name}, ${t('points', { n: ball.points })}${left == null ? '' : `, ${t('table.left', { n: left })}`}`
  return html`<button type="button" data-testid="ball-${ball.color}" aria-label=${label} disabled=${left === 0}
      onClick=${(event) => onPot({ color: ball.color }, event.currentTarget)}>
    <${Ball} color=${ball.color} hidden /><span>${ball.points}${left == null ? '' : ` · ×${left}`}</span>
  </button>`
}

function PyramidBalls({ own, onPot }) {
  return html`<div class="balls pyramid">
    <button type="button" data-testid="ball-white" onClick=${(e) => onPot({ color: 'white' }, e.currentTarget)}>
      <${Ball} color="white" hidden /><span>${t('table.potted')}</span></button>
    ${own && html`<button type="button" data-testid="ball-own" onClick=${(e) => onPot({ color: 'white', own_ball: true }, e.currentTarget)}>
      <${Ball} color="white" own hidden /><span>${t('table.own_ball')}</span></button>`}
  </div>`
}

function leftOf(color, game, pending) {
  const count = game.remaining.find((left) => left.color === color)?.count
  if (count == null) return null
  return Math.max(0, count - pending.filter((i) => i.command.type === 'pot_ball' && i.command.color === color).length)
}
