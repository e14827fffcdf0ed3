// Leaving the table; the balance stays, and the code leads back.
import { html } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { participantOf } from '../game_view.js'
import { go } from '../router.js'
import { useAsked } from './asked.js'
import { Problem } from './problem.js'
import { Asking } from './asking.js'

export function Leave({ session, me }) {
  const { ask, error } = useAsked()
  const participant = participantOf(session, me.id)
  if (!participant?.is_active) return null
  const leave = async () => {
    const gone = await ask(() => api.remove(`/api/v1/sessions/${session.id}/participants/${participant.id}`).then(() => true))
    if (gone) go('/')
  }
  return html`<${Asking} label=${t('waiting.leave')} question=${t('waiting.leave_ask')} yes=${t('waiting.leave')} testid="leave" onYes=${leave} />
    <${Problem} error=${error} />`
}
