// The rules of a session in a few lines that a player can check before the first break.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { gameOf } from '../games/index.js'

export function RulesSummary({ rules }) {
  const { priceText, Balls } = gameOf(rules)
  return html`<div class="rows rules" data-testid="rules">
    <p><b>${t(`game.${rules.game_type}`)}</b> · ${priceText(rules)}</p>
    <${Balls} rules=${rules} />
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
