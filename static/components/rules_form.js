// The house rules as a form: price, what the game asks for, order.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { gameOf } from '../games/index.js'
import { ORDERS, fromDraft } from '../rules_draft.js'
import { Field, Select, Switch, named } from './choice.js'
import { RulesExample } from './rules_example.js'

export function RulesForm({ draft, onChange }) {
  const { rules } = draft
  const { priceField, Fields } = gameOf(rules)
  const read = fromDraft(draft)
  const set = (change) => onChange({ ...draft, ...change })
  const rule = (change) => set({ rules: { ...rules, ...change } })
  return html`<div class="rules-form">
    <${Field} label=${t(`rules.${priceField}`, { currency: rules.currency })} inputmode="decimal"
      value=${draft.price} data-testid="price" onInput=${(e) => set({ price: e.target.value })} />
    <${Fields} draft=${draft} set=${set} rule=${rule} />
    <${Select} label=${t('rules.order')} value=${rules.order} options=${named('rules.order', ORDERS)} onChange=${(order) => rule({ order })} />
    <${Switch} label=${t('rules.alternate_direction')} hint=${t('rules.alternate_hint')} value=${Boolean(rules.alternate_direction)}
      onChange=${(alternate_direction) => rule({ alternate_direction })} />
    <${Switch} label=${t('rules.enforce_turns')} hint=${t('rules.enforce_hint')} value=${Boolean(rules.enforce_turns)}
      testid="enforce-turns" onChange=${(enforce_turns) => rule({ enforce_turns })} />
    ${read.rules && html`<${RulesExample} rules=${read.rules} />`}
  </div>`
}
