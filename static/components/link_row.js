// A row that leads to another screen, with a number where something waits there.
import { html } from '../html.js'
import { go } from '../router.js'
import { Icon } from './icon.js'

export function LinkRow({ icon, to, text, n = 0, what, testid }) {
  return html`<button type="button" class="row link-row" data-testid=${testid} onClick=${() => go(to)}>
    <${Icon} name=${icon} /><span class="who">${text}</span>
    ${n > 0 && html`<span class="badge"><span aria-hidden="true">${n}</span><span class="hidden">${what}</span></span>`}<${Icon} name="next" size=${18} />
  </button>`
}
