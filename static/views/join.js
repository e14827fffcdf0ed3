// An invitation: what table it is, and joining it as a player or a spectator.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { go } from '../router.js'
import { useAsked } from '../components/asked.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Field } from '../components/choice.js'
import { JoinForm } from '../components/join_form.js'
import { useLoaded } from '../components/loaded.js'
import { Problem } from '../components/problem.js'

export function Join({ code, invited, me }) {
  const [name, setName] = useState(me.display_name || me.username)
  const { value: table, error: unknown } = useLoaded(() => api.get(invited ? `/api/v1/sessions/${invited}/preview` : `/api/v1/sessions/by-code/${encodeURIComponent(code)}`), [code, invited])
  const { ask, busy, error } = useAsked()
  const join = async (role) => {
    const body = { ...(invited ? { session_id: invited } : { code }), role, ...(name.trim() && { display_name: name.trim() }) }
    const answer = await ask(() => api.post('/api/v1/sessions/join', body))
    if (answer) go(`/s/${answer.session.id}`, { replace: true })
  }
  const full = table && table.participants_count >= table.max_players
  return html`<main class="page" data-testid="join">
    <${Bar} title=${t('join.title')} back="/" />
    <${Banner} />
    <div class="sheet form">
      <div class="rows">${code && html`<div class="code">${code}</div>`}
        <p class="quiet center">${table ? t('join.about', { name: table.name, creator: table.creator_display_name }) : unknown ? '' : t('state.loading')}</p>
        ${table && html`<p class="quiet center">${t(`game.${table.game_type}`)} · ${table.participants_count} / ${table.max_players}</p>`}</div>
      <${Problem} error=${unknown} />
      ${unknown && html`<${JoinForm} />`}
      ${table && html`
        <${Field} label=${t('join.as')} maxlength="64" value=${name} data-testid="join-name" onInput=${(e) => setName(e.target.value)} />
        <${Problem} error=${error} />
        <button type="button" class="big" disabled=${busy} data-testid="join-player" onClick=${() => join('participant')}>${t('join.player')}</button>
        <button type="button" class="ghost" disabled=${busy} data-testid="join-spectator" onClick=${() => join('spectator')}>${t('join.spectator')}</button>
        ${full && html`<p class="quiet">${t('join.full')}</p>`}`}
    </div>
  </main>`
}
