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
  const [tries, again] = useState(0)
  const path = invited ? `/api/v1/sessions/${invited}/preview` : `/api/v1/sessions/by-code/${encodeURIComponent(code)}`
  const { value: table, error } = useLoaded(() => (code || invited ? api.get(path) : Promise.resolve(null)), [path, tries])
  const asks = !table && !error && Boolean(code || invited)
  return html`<main class="page" data-testid="join">
    <${Bar} title=${t('join.title')} back="/" />
    <${Banner} />
    <div class="sheet form">
      ${(code || table) && html`<div class="rows${code ? '' : ' padded'}">${code && html`<div class="code" aria-label=${t('enter.table', { code: [...code].join(' ') })}>${code}</div>`}
        ${asks && html`<p class="quiet center">${t('state.loading')}</p>`}
        ${table && html`<p class="quiet center">${t('join.about', { name: table.name, creator: table.creator_display_name })}</p>
          <p class="quiet center">${t(`game.${table.game_type}`)} · ${table.participants_count} / ${table.max_players}</p>`}</div>`}
      ${error && (error.code === 'not_found' && code ? html`<p class="problem" role="alert" data-testid="no-table">${t('join.no_table')}</p>` : html`<${Problem} error=${error} />`)}
      ${error && error.code !== 'not_found' && html`<button type="button" class="ghost" data-testid="retry" onClick=${() => again(tries + 1)}>${t('join.retry')}</button>`}
      ${!table && !asks && html`<${JoinForm} />`}
      ${table && html`<${Sit} table=${table} by=${invited ? { session_id: invited } : { code }} me=${me} />`}
    </div>
  </main>`
}

function Sit({ table, by, me }) {
  const [name, setName] = useState(me.display_name || me.username)
  const { ask, busy, error } = useAsked()
  const join = async (role) => {
    const answer = await ask(() => api.post('/api/v1/sessions/join', { ...by, role, ...(name.trim() && { display_name: name.trim() }) }))
    if (answer) go(`/s/${answer.session.id}`, { replace: true })
  }
  const submit = (event) => {
    event.preventDefault()
    join('participant')
  }
  return html`<form class="sheet-form form" onSubmit=${submit}>
    ${table.status === 'in_progress' && html`<p class="note" data-testid="join-running">${t('join.running')}</p>`}
    <${Field} label=${t('join.as')} maxlength="64" enterkeyhint="go" value=${name} data-testid="join-name" onInput=${(e) => setName(e.target.value)} />
    <${Problem} error=${error} />
    <button type="submit" class="big" disabled=${busy} data-testid="join-player">${t('join.player')}</button>
    <button type="button" class="ghost" disabled=${busy} data-testid="join-spectator" onClick=${() => join('spectator')}>${t('join.spectator')}</button>
    ${table.participants_count >= table.max_players && html`<p class="quiet">${t('join.full')}</p>`}
  </form>`
}
