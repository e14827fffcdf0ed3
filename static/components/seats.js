// Everybody at the table: who is online, who may mark; the creator adds guests, gives the right to mark, removes.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { isCreator, seatOf } from '../game_view.js'
import { useAsked } from './asked.js'
import { Switch } from './choice.js'
import { Face } from './face.js'
import { Problem } from './problem.js'
import { Asking } from './asking.js'

export function Seats({ session, online, me }) {
  const [open, setOpen] = useState(null)
  const { ask, busy, error } = useAsked()
  const mine = seatOf(session, me.id)
  const creator = isCreator(session, me.id)
  const path = `/api/v1/sessions/${session.id}/participants`
  const here = session.participants.filter((p) => p.is_active || p.left_at == null)

  return html`<h2 class="h">${t('seats.title')} · ${here.filter((p) => p.is_active).length} / ${session.max_players}</h2>
    <div class="rows" data-testid="seats">
      ${here.map((p) => html`<div class="seat" key=${p.id} data-testid="seat">
        <button type="button" class="seat-line" aria-expanded=${creator ? String(open === p.id) : undefined} disabled=${!creator || p.id === mine?.id}
            onClick=${() => setOpen(open === p.id ? null : p.id)}>
          <${Face} name=${p.display_name} index=${session.participants.indexOf(p)} />
          <span class="who"><b class="name" data-testid="seat-name">${p.display_name}</b><small>${roles(p, mine)}</small></span>
          ${presence(p, online)}
        </button>
        ${open === p.id && html`<div class="seat-open">
          ${!p.is_guest && p.role !== 'spectator' && html`<${Switch} label=${t('seats.can_score')} value=${p.can_score}
            onChange=${(can_score) => ask(() => api.patch(`${path}/${p.id}`, { can_score }))} testid="can-score" />`}
          <${Asking} label=${t('seats.remove')} question=${t('seats.remove_ask', { name: p.display_name })} yes=${t('seats.remove')} testid="remove-seat"
            onYes=${() => ask(() => api.remove(`${path}/${p.id}`))} />
        </div>`}
      </div>`)}
      ${creator && html`<${AddGuest} busy=${busy} onAdd=${(display_name) => ask(() => api.post(path, { display_name }))} />`}
    </div>
    <${Problem} error=${error} />`
}

function AddGuest({ busy, onAdd }) {
  const [name, setName] = useState('')
  const add = async (event) => {
    event.preventDefault()
    if (name.trim() && (await onAdd(name.trim()))) setName('')
  }
  return html`<form class="add-guest" onSubmit=${add}>
    <input aria-label=${t('seats.guest_name')} placeholder=${t('seats.guest_name')} maxlength="64" value=${name} data-testid="guest-name"
      onInput=${(e) => setName(e.target.value)} />
    <button type="submit" class="small" disabled=${busy || !name.trim()} data-testid="guest-add">${t('seats.add')}</button>
  </form>`
}

function roles(p, mine) {
  const words = []
  if (p.id === mine?.id) words.push(t('seats.you'))
  if (p.role === 'creator') words.push(t('seats.creator'))
  if (p.is_guest) words.push(t('seats.guest'))
  if (p.role === 'spectator') words.push(t('seats.spectator'))
  if (!p.is_active) words.push(t('seats.invited'))
  else if (p.can_score && p.role === 'participant' && !p.is_guest) words.push(t('seats.scores'))
  return words.join(' · ')
}

function presence(p, online) {
  if (p.is_guest || !p.is_active) return null
  const on = online ? online.has(p.id) : p.is_online
  return html`<span class="presence${on ? ' on' : ''}" data-testid="presence">${t(on ? 'seats.online' : 'seats.offline')}</span>`
}
