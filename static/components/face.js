// The first letter of a name on the participant's own shade.
import { html } from '../html.js'

export function Face({ name, index }) {
  const letter = [...name.replace(/^\P{L}+/u, '')][0] ?? [...name][0] ?? '?'
  return html`<span class="face face-${index % 8}" aria-hidden="true">${letter.toUpperCase()}</span>`
}
