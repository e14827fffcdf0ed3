// Inviting somebody to one of the tables that I run.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { go } from '../router.js'
import { useAsked } from './asked.js'
import { useLoaded } from './loaded.js'
import { Problem } from './problem.js'

const OPEN = new Set(['waiting', 'in_progress'])

export function InviteToTable({ userId, me }) {
  const { value } = useLoaded(() => api.get('/api/v1/sessions?scope=mine&limit=50'), [])
  const [invited, add] = useState([])
  const { ask, busy, error } = useAsked()
  if (!value) return null
  const tables = value.items.filter((one) => one.creator_user_id === me.id && OPEN.has(one.status))
  const free = tables.filter((one) => !one.participants.some((place) => place.user_id === userId && place.is_active))
  const invite = (session) => ask(() => api.post(`/api/v1/friends/${userId}/invite`, { session_id: session.id }).then(() => add([...invited, session.id])))
  if (!tables.length) return html`<button type="button" class="text" onClick=${() => go('/new')}>${t('person.open_table')}</button>`
  return html`<div class="stack" data-testid="invite-to-table">${free.map((session) => (invited.includes(session.id)
    ? html`<p class="note" role="status" key=${session.id} data-testid="invited">${t('person.invited', { name: session.name })}</p>`
    : html`<button type="button" class="ghost" key=${session.id} disabled=${busy} data-testid="invite" onClick=${() => invite(session)}>${t('person.invite', { name: session.name })}</button>`))}
    <${Problem} error=${error} /></div>`
}
