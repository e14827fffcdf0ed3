// A guest's way to an account: the same evenings and balances, from now on under a name and a password.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { user } from '../page.js'
import { useAsked } from './asked.js'
import { Field } from './choice.js'
import { Problem } from './problem.js'

export function Claim() {
  const [open, setOpen] = useState(false)
  return html`<section class="claim" data-testid="claim"><h2>${t('claim.title')}</h2><p class="quiet">${t('claim.why')}</p>
    ${open ? html`<${ClaimForm} />` : html`<button type="button" class="ghost" data-testid="claim-open" onClick=${() => setOpen(true)}>${t('claim.open')}</button>`}
  </section>`
}

function ClaimForm() {
  const [username, setUsername] = useState('')
  const [password, setPassword] = useState('')
  const { ask, busy, error } = useAsked()
  const submit = async (event) => {
    event.preventDefault()
    const claimed = await ask(() => api.post('/api/v1/users/me/claim', { username: username.trim(), password }))
    if (claimed) user.set({ ...user.get(), ...claimed })
  }
  return html`<form class="form sheet-form" onSubmit=${submit}>
    <${Field} label=${t('auth.username')} hint=${t('auth.username_hint')} required minlength="3" maxlength="32" autocapitalize="none" autocomplete="username" autofocus
      value=${username} data-testid="claim-username" onInput=${(e) => setUsername(e.target.value)} />
    <${Field} label=${t('auth.password')} hint=${t('auth.password_hint')} required type="password" minlength="8" maxlength="128" autocomplete="new-password"
      value=${password} data-testid="claim-password" onInput=${(e) => setPassword(e.target.value)} />
    <${Problem} error=${error} />
    <button type="submit" class="big" disabled=${busy} data-testid="claim-submit">${t('claim.go')}</button>
  </form>`
}
