// By a name alone: to the table of a code, or to an evening of one's own. An account may come later, or never.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { typed } from '../join_code.js'
import { signIn } from '../page.js'
import { go } from '../router.js'
import { useAsked } from '../components/asked.js'
import { Bar } from '../components/bar.js'
import { Field } from '../components/choice.js'
import { CodeField } from '../components/code_field.js'
import { Problem } from '../components/problem.js'

/** `purpose`: `join` (the code may be given), `session` (by the link of a session, which lets nobody in), `start` (or go on with what has `title`). */
export function Enter({ purpose, title, code: given = '' }) {
  const [name, setName] = useState('')
  const [code, setCode] = useState(given)
  const { ask, busy, error } = useAsked()
  const joins = purpose !== 'start'
  const ready = name.trim() && (!joins || code.length === 6)
  const enter = (role) => ask(async () => {
    const { user } = await api.guest({ display_name: name.trim() })
    if (joins) go(await seated(code, role), { replace: true })
    signIn(user)
  })
  const submit = (event) => {
    event.preventDefault()
    if (ready) enter('participant')
  }
  return html`<main class="page" data-testid="enter-view">
    <${Bar} title=${title ?? t(joins ? 'join.title' : 'lobby.new')} back="/" />
    <form class="sheet form" onSubmit=${submit}>
      ${purpose === 'session' && html`<p class="note" data-testid="session-link">${t('enter.by_session_link')}</p>`}
      ${given ? html`<div class="rows"><div class="code" data-testid="code" aria-label=${t('enter.table', { code: [...given].join(' ') })}>${given}</div>
          <button type="button" class="text" data-testid="other-code" onClick=${() => go('/join', { replace: true })}>${t('enter.other_code')}</button></div>`
        : joins && html`<${CodeField} value=${code} label=${t('join.code')} hint=${t('join.code_hint')} onChange=${(text) => setCode(typed(text))} />`}
      <${Field} label=${t('enter.name')} hint=${t('enter.name_hint')} required maxlength="64" autocomplete="nickname" autofocus=${Boolean(given) || !joins}
        enterkeyhint="go" value=${name} data-testid="guest-display-name" onInput=${(e) => setName(e.target.value)} />
      <${Problem} error=${error} />
      <button type="submit" class="big" disabled=${busy || !ready} data-testid="enter">${t(joins ? 'enter.join' : 'enter.start')}</button>
      ${joins && html`<button type="button" class="ghost" disabled=${busy || !ready} data-testid="enter-spectator" onClick=${() => enter('spectator')}>${t('join.spectator')}</button>`}
      <div class="grow"></div>
      <button type="button" class="text" data-testid="have-account" onClick=${() => go(`/signin?to=${encodeURIComponent(location.pathname)}`)}>${t('enter.have_account')}</button>
    </form>
  </main>`
}

/** Where to go on: at the table, or, where that did not work, to the screen that says why and what else there is. */
async function seated(code, role) {
  try {
    return `/s/${(await api.post('/api/v1/sessions/join', { code, role })).session.id}`
  } catch {
    return `/join/${code}`
  }
}
