// The house rules as a form: price, balls, who pays, fouls, order.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { LAST_BALL, ORDERS } from '../rules_draft.js'
import { BallsForm } from './balls_form.js'
import { Choice, Field, Select, Switch } from './choice.js'

const KOLKHOZ_FOULS = ['subtract', 'pool', 'none']
const PYRAMID_FOULS = ['opponent_plus_one', 'offender_minus_one']

export function RulesForm({ draft, onChange }) {
  const { rules } = draft
  const set = (change) => onChange({ ...draft, ...change })
  const rule = (change) => set({ rules: { ...rules, ...change } })
  const kolkhoz = rules.game_type === 'kolkhoz'
  return html`<div class="rules-form">
    <${Field} label=${t(kolkhoz ? 'rules.point_price' : 'rules.game_price', { currency: rules.currency })} inputmode="decimal"
      value=${draft.price} data-testid="price" onInput=${(e) => set({ price: e.target.value })} />
    ${kolkhoz ? html`<${Kolkhoz} draft=${draft} set=${set} rule=${rule} />` : html`<${Pyramid} draft=${draft} set=${set} rule=${rule} />`}
    <${Select} label=${t('rules.order')} value=${rules.order} options=${named('rules.order', ORDERS)} onChange=${(order) => rule({ order })} />
    <${Switch} label=${t('rules.alternate_direction')} hint=${t('rules.alternate_hint')} value=${Boolean(rules.alternate_direction)}
      onChange=${(alternate_direction) => rule({ alternate_direction })} />
    <${Switch} label=${t('rules.enforce_turns')} hint=${t('rules.enforce_hint')} value=${Boolean(rules.enforce_turns)}
      testid="enforce-turns" onChange=${(enforce_turns) => rule({ enforce_turns })} />
  </div>`
}

function Kolkhoz({ draft, set, rule }) {
  const { rules, balls } = draft
  const counted = balls.some((b) => b.on && b.count.trim())
  const foul = (kind) => rule({ foul: kind === 'subtract' ? { kind, points: 1 } : { kind } })
  return html`<${BallsForm} balls=${balls} onChange=${(next) => set({ balls: next })} />
    <${Choice} name="payer" label=${t('rules.payer')} value=${rules.payer} options=${named('rules.payer', ['previous', 'everyone'])}
      onChange=${(payer) => rule({ payer })} />
    ${counted && html`<${Select} label=${t('rules.last_ball')} value=${rules.last_ball} options=${named('rules.last_ball', LAST_BALL)}
      onChange=${(last_ball) => rule({ last_ball })} />`}
    <${Choice} name="foul" label=${t('table.foul')} value=${rules.foul.kind} options=${named('rules.foul', KOLKHOZ_FOULS)} onChange=${foul} />`
}

function Pyramid({ draft, set, rule }) {
  const { rules } = draft
  return html`<${Field} label=${t('rules.target')} inputmode="numeric" value=${draft.target} data-testid="target"
      onInput=${(e) => set({ target: e.target.value })} />
    <${Choice} name="format" label=${t('rules.format')} value=${rules.format} options=${[['1x1', '1 × 1'], ['2x2', '2 × 2']]}
      onChange=${(format) => rule({ format })} />
    <${Choice} name="foul" label=${t('table.foul')} value=${rules.foul.kind} options=${named('rules.foul', PYRAMID_FOULS)}
      onChange=${(kind) => rule({ foul: { kind } })} />`
}

const named = (prefix, options) => options.map((option) => [option, t(`${prefix}.${option}`)])
