// Tells a player who is not in the running game why, and when he plays.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { absence } from '../game_view.js'

export function LateNote({ session, me }) {
  const why = absence(session, me.id)
  return why && html`<p class="late" role="status" data-testid="late-note">${t(`late.${why}`)}</p>`
}
