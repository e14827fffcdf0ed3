// Everybody at the table: who is online, who may mark; the creator adds guests, gives the right to mark, removes.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { isCreator, participantOf } from '../game_view.js'
import { useAsked } from './asked.js'
import { Switch } from './choice.js'
import { Face } from './face.js'
import { InviteFriends } from './invite_friends.js'
import { Problem } from './problem.js'
import { Asking } from './asking.js'

export function Participants({ session, online, me }) {
  const [open, setOpen] = useState(null)
  const { ask, busy, error } = useAsked()
  const mine = participantOf(session, me.id)
  const creator = isCreator(session, me.id)
  const path = `/api/v1/sessions/${session.id}/participants`
  const here = session.participants.filter((p) => p.is_active || p.left_at == null)

  return html`<h2 class="h">${t('participants.title')} · ${here.filter((p) => p.is_active).length} / ${session.max_players}</h2>
    <div class="rows" data-testid="seats">
      ${here.map((p) => html`<div class="seat" key=${p.id} data-testid="seat">
        <button type="button" class="seat-line" aria-expanded=${creator ? String(open === p.id) : undefined} disabled=${!creator || p.id === mine?.id}
            onClick=${() => setOpen(open === p.id ? null : p.id)}>
          <${Face} name=${p.display_name} index=${session.participants.indexOf(p)} />
          <span class="who"><b class="name" data-testid="seat-name">${p.display_name}</b><small>${roles(p, mine)}</small></span>
          ${presence(p, online)}
        </button>
        ${open === p.id && html`<div class="seat-open">
          ${!p.is_guest && p.role !== 'spectator' && html`<${Switch} label=${t('participants.can_score')} value=${p.can_score}
            onChange=${(can_score) => ask(() => api.patch(`${path}/${p.id}`, { can_score }))} testid="can-score" />`}
          <${Asking} label=${t('participants.remove')} question=${t('participants.remove_ask', { name: p.display_name })} yes=${t('participants.remove')} testid="remove-seat"
            onYes=${() => ask(() => api.remove(`${path}/${p.id}`))} />
        </div>`}
      </div>`)}
      ${creator && html`<${AddGuest} busy=${busy} onAdd=${(display_name) => ask(() => api.post(path, { display_name }))} />`}
    </div>
    <${Problem} error=${error} />
    <${InviteFriends} session=${session} me=${me} />`
}

function AddGuest({ busy, onAdd }) {
  const [name, setName] = useState('')
  const add = async (event) => {
    event.preventDefault()
    if (name.trim() && (await onAdd(name.trim()))) setName('')
  }
  return html`<form class="add-guest" onSubmit=${add}>
    <input aria-label=${t('participants.guest_name')} placeholder=${t('participants.guest_name')} maxlength="64" value=${name} data-testid="guest-name"
      onInput=${(e) => setName(e.target.value)} />
    <button type="submit" class="small" disabled=${busy || !name.trim()} data-testid="guest-add">${t('participants.add')}</button>
  </form>`
}

function roles(p, mine) {
  const words = []
  if (p.id === mine?.id) words.push(t('participants.you'))
  if (p.role === 'creator') words.push(t('participants.creator'))
  if (p.is_guest) words.push(t('participants.guest'))
  if (p.role === 'spectator') words.push(t('participants.spectator'))
  if (!p.is_active) words.push(t('participants.invited'))
  else if (p.can_score && p.role === 'participant' && !p.is_guest) words.push(t('participants.scores'))
  return words.join(' · ')
}

function presence(p, online) {
  if (p.is_guest || !p.is_active) return null
  const on = online ? online.has(p.id) : p.is_online
  return html`<span class="presence${on ? ' on' : ''}" data-testid="presence">${t(on ? 'participants.online' : 'participants.offline')}</span>`
}
