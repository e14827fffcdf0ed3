// Friends who are not at this table, to be invited to it by whoever runs it.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { isCreator } from '../game_view.js'
import { invitable } from '../people_view.js'
import { useAsked } from './asked.js'
import { Problem } from './problem.js'
import { useRelations } from './relations.js'
import { UserLine } from './user_line.js'

export function InviteFriends({ session, me }) {
  if (!isCreator(session, me.id)) return null
  return html`<${Friends} session=${session} />`
}

function Friends({ session }) {
  const { value: lists } = useRelations()
  const [invited, add] = useState([])
  const { ask, busy, error } = useAsked()
  const friends = invitable((lists?.friends ?? []).map((one) => one.user), session)
  if (!friends.length) return null
  const invite = (user) => ask(() => api.post(`/api/v1/friends/${user.id}/invite`, { session_id: session.id }).then(() => add([...invited, user.id])))
  return html`<details data-testid="invite-friends"><summary>${t('table.invite_friends')}</summary>
    <${Problem} error=${error} />
    <div class="rows">${friends.map((user) => html`<${UserLine} key=${user.id} user=${user} testid="invitable">
      ${invited.includes(user.id) ? html`<span class="quiet" role="status">✓ ${t('table.invited')}</span>`
        : html`<button type="button" class="small" disabled=${busy} data-testid="invite-friend" onClick=${() => invite(user)}>${t('table.invite')}</button>`}</${UserLine}>`)}</div></details>`
}
