// Myself: the name others see, language and theme, logging out.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { logOut, user } from '../page.js'
import { go } from '../router.js'
import { useAsked } from '../components/asked.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Field } from '../components/choice.js'
import { LangChoice, ThemeChoice } from '../components/preferences.js'
import { Problem } from '../components/problem.js'
import { Tabs } from '../components/tabs.js'

export function Me({ me }) {
  const [name, setName] = useState(me.display_name ?? '')
  const { ask, busy, error } = useAsked()
  const save = async (event) => {
    event.preventDefault()
    const changed = await ask(() => api.patch('/api/v1/users/me', { display_name: name.trim() }))
    if (changed) user.set(changed)
  }
  const leave = async () => {
    await logOut()
    go('/')
  }
  return html`<main class="page" data-testid="me">
    <${Bar} title=${t('nav.me')} sub="@${me.username}" />
    <${Banner} />
    <div class="sheet form">
      <form class="inline" onSubmit=${save}>
        <${Field} label=${t('auth.display_name')} required maxlength="64" value=${name} data-testid="my-name" onInput=${(e) => setName(e.target.value)} />
        <button type="submit" class="small" disabled=${busy || !name.trim() || name.trim() === me.display_name} data-testid="save-name">${t('action.save')}</button>
      </form>
      <${Problem} error=${error} />
      <${LangChoice} />
      <${ThemeChoice} />
      <div class="grow"></div>
      <button type="button" class="ghost danger" data-testid="logout" onClick=${leave}>${t('me.logout')}</button>
    </div>
    <${Tabs} at="me" />
  </main>`
}
