// A new password.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { user } from '../page.js'
import { useAsked } from '../components/asked.js'
import { Field, Switch } from '../components/choice.js'
import { Problem } from '../components/problem.js'
import { SettingsPage } from '../components/settings_page.js'

export function Password({ me }) {
  const [form, set] = useState({ current_password: '', password: '' })
  const [isShown, show] = useState(false)
  const [isDone, done] = useState(false)
  const { ask, busy, error } = useAsked()
  const field = (name) => ({ value: form[name], required: true, 'data-testid': `password-${name}`, onInput: (e) => set({ ...form, [name]: e.target.value }) })
  const type = isShown ? 'text' : 'password'
  const submit = async (event) => {
    event.preventDefault()
    done(false)
    const changed = await ask(() => api.patch('/api/v1/users/me', form))
    if (!changed) return
    user.set(changed)
    set({ current_password: '', password: '' })
    done(true)
  }
  const told = error?.code === 'invalid_credentials' ? { code: 'wrong_password' } : error
  return html`<${SettingsPage} title=${t('password.title')} testid="password-page">
    <form class="sheet-form" onSubmit=${submit}>
      <p class="quiet">${t('password.hint')}</p>
      <input class="hidden" type="text" autocomplete="username" value=${me.username} readonly tabindex="-1" aria-hidden="true" />
      <${Field} label=${t('password.current')} type=${type} maxlength="128" autocomplete="current-password" ...${field('current_password')} />
      <${Field} label=${t('password.new')} hint=${t('auth.password_hint')} type=${type} minlength="8" maxlength="128" autocomplete="new-password" ...${field('password')} />
      <${Switch} label=${t('password.show')} value=${isShown} onChange=${show} testid="show-password" />
      <${Problem} error=${told} />
      ${isDone && html`<p class="note" role="status" data-testid="password-done">${t('password.done')}</p>`}
      <button type="submit" class="big" disabled=${busy} data-testid="save-password">${t('password.save')}</button>
    </form>
  </${SettingsPage}>`
}
