// The rules of a session in a few lines that a player can check before the first break.
import { html } from '../html.js'
import { money, t } from '../i18n.js'
import { Ball } from './ball.js'

export function RulesSummary({ rules }) {
  const kolkhoz = rules.game_type === 'kolkhoz'
  return html`<div class="rows rules" data-testid="rules">
    <p><b>${t(`game.${rules.game_type}`)}</b> · ${kolkhoz ? t('rules.per_point', { price: money(rules.point_price, rules.currency) })
      : t('rules.per_game', { price: money(rules.game_price, rules.currency), n: rules.target_balls })}</p>
    ${kolkhoz && html`<p class="rule-balls">${rules.balls.map((ball) => html`<span><${Ball} color=${ball.color} size=${18} />${ball.points}${ball.count ? ` ×${ball.count}` : ''}</span>`)}</p>`}
    <p class="quiet">${lines(rules).join(' · ')}</p>
  </div>`
}

function lines(rules) {
  const said = []
  if (rules.payer) said.push(t(`rules.payer.${rules.payer}`))
  if (rules.format) said.push(rules.format.replace('x', '×'))
  if (rules.foul) said.push(`${t('table.foul').toLowerCase()}: ${t(`rules.foul.${rules.foul.kind}`)}`)
  said.push(t(`rules.order.${rules.order}`))
  if (rules.alternate_direction) said.push(t('rules.alternate_direction').toLowerCase())
  if (rules.enforce_turns) said.push(t('rules.enforce_turns').toLowerCase())
  return said
}
