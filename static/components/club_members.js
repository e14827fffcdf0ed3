// Who is in a club; its managers show the code to join by and remove members, its owner says who manages.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { mayManage, mayRemove } from '../club_view.js'
import { go } from '../router.js'
import { useAsked } from './asked.js'
import { Asking } from './asking.js'
import { Face } from './face.js'
import { useLoaded } from './loaded.js'
import { Problem } from './problem.js'
import { ShareLink } from './share_link.js'

export function ClubMembers({ club, me, onChanged }) {
  const path = `/api/v1/clubs/${club.id}`
  const [age, grow] = useState(0)
  const { value: members, error: unloaded } = useLoaded(() => api.all(`${path}/members`), [club.id, club.members_count, age])
  const { ask, error } = useAsked()
  const change = (work) => ask(async () => { await work(); grow(age + 1); onChanged() })
  const leave = () => ask(async () => { await api.remove(`${path}/members/${me.id}`); go('/clubs', { replace: true }) })
  return html`<h2 class="h">${t('clubs.people')}</h2>
    ${club.code && html`<details class="rows club-code"><summary data-testid="club-invite">${t('clubs.invite', { code: club.code })}</summary><div class="rows invite share-link"><${ShareLink} title=${club.name} path="/clubs/join/${club.code}" testid="share-url" evenLocal /></div>
      ${mayManage(club) && html`<button type="button" class="text" data-testid="club-new-code" onClick=${() => change(() => api.post(`${path}/code`))}>${t('clubs.new_code')}</button>`}</details>`}
    <${Problem} error=${error ?? (!members && unloaded)} />
    ${!members && !unloaded && html`<p class="quiet">${t('state.loading')}</p>`}
    <div class="rows">${(members ?? []).map((member, at) => html`<${Member} key=${member.user.id} member=${member} at=${at} club=${club} me=${me}
      onRole=${(role) => change(() => api.patch(`${path}/members/${member.user.id}`, { role }))} onRemove=${() => change(() => api.remove(`${path}/members/${member.user.id}`))} />`)}</div>
    ${club.my_role === 'owner' ? html`<${Asking} label=${t('clubs.delete')} question=${t('clubs.delete_ask')} yes=${t('clubs.delete')} testid="club-delete"
        onYes=${() => ask(async () => { await api.remove(path); go('/clubs', { replace: true }) })} />`
      : html`<${Asking} label=${t('clubs.leave')} question=${t('clubs.leave_ask')} yes=${t('clubs.leave')} testid="club-leave" onYes=${leave} />`}`
}

function Member({ member, at, club, me, onRole, onRemove }) {
  const [open, setOpen] = useState(false)
  const removes = mayRemove(club, member, me.id)
  const { display_name: name } = member.user
  return html`<div class="seat" data-testid="club-member">
    <button type="button" class="seat-line" disabled=${!removes} aria-expanded=${removes ? String(open) : undefined} onClick=${() => setOpen(!open)}>
      <${Face} name=${name} index=${at} /><span class="who"><b class="name">${name}</b><small>${[member.user.id === me.id && t('participants.you'), t(`clubs.role.${member.role}`)].filter(Boolean).join(' · ')}</small></span></button>
    ${open && html`<div class="seat-open">
      ${club.my_role === 'owner' && html`<button type="button" class="ghost" data-testid="club-role" onClick=${() => onRole(member.role === 'manager' ? 'member' : 'manager')}>${t(member.role === 'manager' ? 'clubs.unmake_manager' : 'clubs.make_manager')}</button>`}
      <${Asking} label=${t('clubs.remove')} question=${t('clubs.remove_ask', { name })} yes=${t('clubs.remove')} testid="club-remove" onYes=${onRemove} /></div>`}
  </div>`
}
