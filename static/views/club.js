// A club at one look: its live tables, who leads, who is in it, and what was played.
import { html, useEffect, useState } from '../html.js'
import { day, t } from '../i18n.js'
import * as api from '../api.js'
import { liveTables } from '../club_view.js'
import { go } from '../router.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { ClubLeaders } from '../components/club_leaders.js'
import { ClubMembers } from '../components/club_members.js'
import { ClubTable } from '../components/club_table.js'
import { AddTable } from '../components/club_add_table.js'
import { useLoaded } from '../components/loaded.js'
import { Problem } from '../components/problem.js'

const REFRESH_MS = 10_000
const TABLES_SHOWN = 12

export function Club({ id, me }) {
  const [age, grow] = useState(0)
  const again = () => grow((n) => n + 1)
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && again(), REFRESH_MS)
    return () => clearInterval(timer)
  }, [])
  const path = `/api/v1/clubs/${encodeURIComponent(id)}`
  const { value, error } = useLoaded(() => load(path), [id, age])
  const live = liveTables(value?.sessions ?? [])
  const past = (value?.sessions ?? []).filter((s) => !live.includes(s))
  return html`<main class="page wide-page" data-testid="club">
    <${Bar} title=${value?.club.name ?? t('clubs.title')} sub=${value && t('clubs.members', { n: value.club.members_count })} back="/clubs" />
    <${Banner} />
    <div class="sheet">
      ${!value && !error && html`<p class="quiet">${t('state.loading')}</p>`}
      ${!value && error && html`<${Problem} error=${error} /><button type="button" class="ghost" data-testid="retry" onClick=${again}>${t('action.retry')}</button>`}
      ${value && html`<h2 class="h">${t('clubs.live')}${live.length > 0 ? ` · ${live.length}` : ''}</h2>
        ${live.length ? html`<div class="club-tables">${live.slice(0, TABLES_SHOWN).map((s) => html`<${ClubTable} key=${s.id} line=${s} session=${value.tables.get(s.id)} />`)}</div>`
          : html`<p class="quiet" data-testid="club-no-tables">${t('clubs.no_live')}</p>`}
        <${AddTable} club=${value.club} sessions=${value.sessions} onAdded=${again} />
        <${ClubLeaders} clubId=${value.club.id} me=${me} age=${age} />
        <${ClubMembers} club=${value.club} me=${me} onChanged=${again} />
        ${past.length > 0 && html`<h2 class="h">${t('lobby.past')}</h2>
          <div class="rows">${past.slice(0, 50).map((s) => html`<button type="button" class="row past" key=${s.id} data-testid="club-past" onClick=${() => go(`/s/${s.id}`)}>
            <span class="who"><b class="name">${s.name}</b><span class="sub">${day(s.created_at)} · ${t(`game.${s.game_type}`)}${s.status === 'cancelled' ? ` · ${t('lobby.cancelled')}` : ''}</span></span></button>`)}</div>`}`}
    </div>
  </main>`
}

/** A private table is known to the club by its name; its score only to those at it. */
async function load(path) {
  const [club, { items: sessions }] = await Promise.all([api.get(path), api.get(`${path}/sessions?limit=100`)])
  const shown = liveTables(sessions).slice(0, TABLES_SHOWN)
  const read = await Promise.all(shown.map((s) => api.get(`/api/v1/sessions/${s.id}`).catch(() => null)))
  return { club, sessions, tables: new Map(read.filter(Boolean).map((s) => [s.id, s])) }
}
