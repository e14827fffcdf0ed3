// What rules mean in money: a few marks worked out, live as the rules change.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { gameOf } from '../games/index.js'
import { trend } from '../money.js'

export function RulesExample({ rules }) {
  const { players, steps } = gameOf(rules).example(rules)
  const names = t('example.names').split(', ').slice(0, players)
  return html`<section class="rows example" data-testid="example" aria-label=${t('example.title')}>
    <h2 class="h">${t('example.title')}</h2>
    <ol>${steps.map((step, at) => html`<li key=${at}><p>${t(step.key, { ...step.words, name: names[step.by], other: names[step.to] })}</p>
      ${step.nets && html`<p class="nets">${step.nets.map((net, i) => html`<span><span class="name">${names[i]}</span> <b class="m ${trend(net)}" data-testid="example-net">${gain(net, rules.currency)}</b></span>`)}</p>`}</li>`)}</ol>
  </section>`
}
