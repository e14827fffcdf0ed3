// The parts of forms: a few exclusive options side by side, one of many, yes or no, a line of text.
import { html } from '../html.js'
import { t } from '../i18n.js'

/** Options by the words they have below `prefix`. */
export const named = (prefix, options) => options.map((option) => [option, t(`${prefix}.${option}`)])

export function Choice({ name, label, value, options, onChange }) {
  return html`<fieldset class="choice"><legend>${label}</legend><div class="options">
    ${options.map(([option, text]) => html`<label key=${option} class=${option === value ? 'on' : ''}>
      <input type="radio" name=${name} value=${option} checked=${option === value} data-testid="${name}-${option}"
        onChange=${() => onChange(option)} />${text}</label>`)}
  </div></fieldset>`
}

export function Select({ label, value, options, onChange }) {
  return html`<label class="field"><span>${label}</span><select value=${value} onChange=${(e) => onChange(e.target.value)}>
    ${options.map(([option, text]) => html`<option key=${option} value=${option} selected=${option === value}>${text}</option>`)}
  </select></label>`
}

export function Switch({ label, hint, value, onChange, testid, disabled }) {
  return html`<label class="switch"><span>${label}${hint && html`<small>${hint}</small>`}</span>
    <input type="checkbox" role="switch" checked=${value} disabled=${disabled} data-testid=${testid}
      onChange=${(e) => onChange(e.target.checked)} /></label>`
}

export function Field({ label, hint, ...input }) {
  return html`<label class="field"><span>${label}</span><input ...${input} />${hint && html`<small>${hint}</small>`}</label>`
}
