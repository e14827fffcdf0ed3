// Which balls are on the table, what each is worth, and how many there are.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { Ball } from './ball.js'

export function BallsForm({ balls, onChange }) {
  const set = (color, change) => onChange(balls.map((b) => (b.color === color ? { ...b, ...change } : b)))
  return html`<fieldset class="balls-form"><legend>${t('rules.balls')}</legend>
    <div class="balls-head quiet" aria-hidden="true"><span></span><span>${t('rules.points')}</span><span>${t('rules.count')}</span></div>
    ${balls.map((b) => html`<${Line} key=${b.color} ball=${b} name=${t(`color.${b.color}`)} onChange=${(change) => set(b.color, change)} />`)}
    <small class="quiet">${t('rules.count_hint')}</small>
  </fieldset>`
}

function Line({ ball, name, onChange }) {
  const toggle = (event) => onChange({ on: event.target.checked, points: ball.points || '1' })
  return html`<div class="ball-line${ball.on ? '' : ' off'}">
    <label><input type="checkbox" checked=${ball.on} onChange=${toggle} /><${Ball} color=${ball.color} size=${24} hidden />${name}</label>
    <input inputmode="numeric" aria-label="${name}: ${t('rules.points')}" value=${ball.points} disabled=${!ball.on}
      onInput=${(e) => onChange({ points: e.target.value })} />
    <input inputmode="numeric" aria-label="${name}: ${t('rules.count')}" placeholder="∞" value=${ball.count} disabled=${!ball.on}
      onInput=${(e) => onChange({ count: e.target.value })} />
  </div>`
}
