// Instead of an error: whoever has a table's address but no place at it is asked for the code, which is of no use to one who
// was removed.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { JoinForm } from './join_form.js'

export function NotMember({ removed }) {
  return html`<div class="form sheet-form" data-testid="not-member"><h2>${t(removed ? 'error.participant_removed' : 'join.not_member')}</h2>
    <p class="quiet">${t(removed ? 'join.removed' : 'enter.by_session_link')}</p>${!removed && html`<${JoinForm} />`}</div>`
}
