// One line that says what went wrong with what was just asked.
import { html } from '../html.js'
import { errorText } from '../i18n.js'

export function Problem({ error }) {
  return error ? html`<p class="problem" role="alert" data-testid="problem">${errorText(error)}</p>` : null
}
