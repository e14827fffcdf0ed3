// Signing in to an account, or making one; then on to where one was going.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { signIn } from '../page.js'
import { go } from '../router.js'
import { useAsked } from '../components/asked.js'
import { Bar } from '../components/bar.js'
import { Field } from '../components/choice.js'
import { LangChoice } from '../components/preferences.js'
import { Problem } from '../components/problem.js'

export function Auth({ to = '/', invited }) {
  const [fresh, setFresh] = useState(false)
  const [form, setForm] = useState({ username: '', password: '', display_name: '' })
  const { ask, busy, error } = useAsked()
  const field = (name) => ({ name, value: form[name], 'data-testid': name, onInput: (e) => setForm({ ...form, [name]: e.target.value }) })
  const submit = async (event) => {
    event.preventDefault()
    const { username, password, display_name } = form
    const answer = await ask(() => (fresh
      ? api.register({ username: username.trim(), password, ...(display_name.trim() && { display_name: display_name.trim() }) })
      : api.login({ username: username.trim(), password })))
    if (!answer) return
    go(to, { replace: true })
    signIn(answer.user)
  }
  return html`<main class="page" data-testid="auth">
    <${Bar} title=${t(fresh ? 'auth.register' : 'auth.login')} back=${invited || to === '/' ? '/' : to} />
    <form class="sheet form" onSubmit=${submit}>
      ${invited && html`<p class="note">${t('enter.invitation')}</p>`}
      ${fresh && html`<${Field} label=${t('auth.display_name')} hint=${t('auth.display_name_hint')} maxlength="64" autocomplete="nickname" ...${field('display_name')} />`}
      <${Field} label=${t('auth.username')} hint=${fresh ? t('auth.username_hint') : null} required minlength="3" maxlength="32" autocapitalize="none" autocomplete="username" ...${field('username')} />
      <${Field} label=${t('auth.password')} hint=${fresh ? t('auth.password_hint') : null} required type="password" minlength=${fresh ? 8 : 1} maxlength="128"
        autocomplete=${fresh ? 'new-password' : 'current-password'} ...${field('password')} />
      <${Problem} error=${error} />
      <button type="submit" class="big" disabled=${busy} data-testid="submit">${t(fresh ? 'auth.register' : 'auth.login')}</button>
      <button type="button" class="ghost" data-testid="switch-auth" onClick=${() => setFresh(!fresh)}>${t(fresh ? 'auth.have_account' : 'auth.no_account')}</button>
      <div class="grow"></div><${LangChoice} />
    </form>
  </main>`
}
