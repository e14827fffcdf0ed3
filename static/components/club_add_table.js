// Puts an evening of one's own into a club, whenever it is or was played: its games count there.
import { html, useState } from '../html.js'
import { day, t } from '../i18n.js'
import * as api from '../api.js'
import { useAsked } from './asked.js'
import { useLoaded } from './loaded.js'
import { Problem } from './problem.js'
import { Sheet } from './sheet.js'

export function AddTable({ club, sessions, onAdded }) {
  const [open, setOpen] = useState(false)
  return html`<button type="button" class="ghost" data-testid="club-add-table" onClick=${() => setOpen(true)}>${t('clubs.add_table')}</button>
    ${open && html`<${Choose} club=${club} known=${sessions} onAdded=${onAdded} onClose=${() => setOpen(false)} />`}`
}

function Choose({ club, known, onAdded, onClose }) {
  const { value, error: unloaded } = useLoaded(() => api.get('/api/v1/sessions?scope=mine&limit=50'), [])
  const { ask, busy, error } = useAsked()
  const there = new Set(known.map((s) => s.id))
  const free = (value?.items ?? []).filter((s) => !there.has(s.id) && s.status !== 'cancelled')
  const add = async (id) => {
    if (await ask(() => api.put(`/api/v1/clubs/${club.id}/sessions/${id}`).then(() => true))) { onAdded(); onClose() }
  }
  return html`<${Sheet} title=${t('clubs.add_table')} onClose=${onClose} testid="club-add">
    <p class="quiet">${t('clubs.add_hint')}</p>
    <${Problem} error=${error ?? unloaded} />
    ${!value && !unloaded && html`<p class="quiet">${t('state.loading')}</p>`}
    ${value && free.length === 0 && html`<p>${t('clubs.nothing_to_add')}</p>`}
    <div class="rows">${free.map((s) => html`<button type="button" class="row past" key=${s.id} disabled=${busy} data-testid="club-add-session" onClick=${() => add(s.id)}>
      <span class="who"><b class="name">${s.name}</b><span class="sub">${day(s.created_at)} · ${t('games', { n: s.games_played })}</span></span></button>`)}</div>
  </${Sheet}>`
}
