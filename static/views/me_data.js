// All that is kept of me as a file, and the end of my account: it says what goes and what stays, and asks.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { signOut } from '../page.js'
import { go } from '../router.js'
import { useAsked } from '../components/asked.js'
import { Asking } from '../components/asking.js'
import { Field } from '../components/choice.js'
import { Problem } from '../components/problem.js'
import { SettingsPage } from '../components/settings_page.js'

export function MyData({ me }) {
  const { ask, busy, error } = useAsked()
  const [cut, setCut] = useState(null)
  const take = () => ask(async () => {
    const all = await api.get('/api/v1/users/me/export')
    save(`artel-${me.username ?? 'guest'}.json`, JSON.stringify(all, null, 2))
    setCut(all.cut ?? [])
  })
  return html`<${SettingsPage} title=${t('data.title')} testid="my-data">
    <h2 class="h">${t('data.export')}</h2>
    <p class="quiet">${t('data.export_hint')}</p>
    <${Problem} error=${error} />
    <button type="button" class="ghost" disabled=${busy} data-testid="export" onClick=${take}>${t('data.export_do')}</button>
    ${cut && html`<p class="note" role="status" data-testid="exported">${t(cut.length ? 'data.exported_part' : 'data.exported')}</p>`}
    <${Delete} me=${me} />
  </${SettingsPage}>`
}

function Delete({ me }) {
  const [password, type] = useState('')
  const { ask, error } = useAsked()
  const end = async () => {
    const isGone = await ask(() => api.remove('/api/v1/users/me', me.is_guest ? {} : { password }).then(() => true))
    if (!isGone) return
    signOut()
    go('/')
  }
  const told = error?.code === 'invalid_credentials' ? { code: 'wrong_password' } : error
  return html`<h2 class="h">${t('data.delete')}</h2>
    <div class="rows padded stack"><p><b>${t('data.goes')}</b></p><p class="quiet">${t('data.goes_what')}</p>
      <p><b>${t('data.stays')}</b></p><p class="quiet">${t('data.stays_what')}</p></div>
    ${!me.is_guest && html`<${Field} label=${t('data.password')} type="password" maxlength="128" autocomplete="current-password" value=${password} data-testid="delete-password" onInput=${(e) => type(e.target.value)} />`}
    <${Problem} error=${told} />
    ${me.is_guest || password ? html`<${Asking} label=${t('data.delete_do')} question=${t('data.delete_ask')} yes=${t('data.delete_yes')} testid="delete-account" onYes=${end} />`
      : html`<button type="button" class="ghost danger" disabled data-testid="delete-account">${t('data.delete_do')}</button>`}`
}

function save(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
