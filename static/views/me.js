// Myself: the name others see, the way to friends and settings, language, theme and sound, logging out.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { logOut, user } from '../page.js'
import { go } from '../router.js'
import { useAsked } from '../components/asked.js'
import { Asking } from '../components/asking.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Bell } from '../components/bell.js'
import { Field } from '../components/choice.js'
import { Claim } from '../components/claim.js'
import { Face } from '../components/face.js'
import { LinkRow } from '../components/link_row.js'
import { useRelations } from '../components/relations.js'
import { LangChoice, ThemeChoice } from '../components/preferences.js'
import { Problem } from '../components/problem.js'
import { SoundSwitch } from '../components/signal_switches.js'
import { Tabs } from '../components/tabs.js'
import { shadeOf } from '../components/user_line.js'
import { MyData } from './me_data.js'
import { Devices } from './me_devices.js'
import { NoticeSettings } from './me_notices.js'
import { Password } from './me_password.js'

const PARTS = { notices: NoticeSettings, devices: Devices, password: Password, data: MyData }

export function Me({ me, part }) {
  const Part = PARTS[part]
  return Part ? html`<${Part} me=${me} />` : html`<${Hub} me=${me} />`
}

function Hub({ me }) {
  const { value: lists } = useRelations()
  const leave = async () => {
    await logOut()
    go('/')
  }
  return html`<main class="page" data-testid="me">
    <${Bar} title=${t('nav.me')} sub=${me.username ? `@${me.username}` : t('me.guest')}><${Bell} /></${Bar}>
    <${Banner} />
    <div class="sheet form">
      <div class="card-person"><${Face} name=${me.display_name || me.username || '?'} index=${shadeOf(me.id)} /><${Name} me=${me} /></div>
      ${me.is_guest && html`<${Claim} />`}
      <div class="rows">
        <${LinkRow} icon="people" to="/friends" testid="to-friends" text=${t('friends.title')} n=${lists?.asking.length} what=${lists && t('friends.waiting', { n: lists.asking.length })} />
        <${LinkRow} icon="bell" to="/me/notices" testid="to-notice-settings" text=${t('settings.notices')} />
        ${!me.is_guest && html`<${LinkRow} icon="lock" to="/me/password" testid="to-password" text=${t('password.title')} />`}
        <${LinkRow} icon="devices" to="/me/devices" testid="to-devices" text=${t('devices.title')} />
        <${LinkRow} icon="file" to="/me/data" testid="to-data" text=${t('data.title')} />
        ${me.role === 'admin' && html`<${LinkRow} icon="sliders" to="/admin" testid="to-admin" text=${t('admin.title')} />`}
      </div>
      <${LangChoice} />
      <${ThemeChoice} />
      <${SoundSwitch} />
      ${me.is_guest ? html`<${Asking} label=${t('me.guest_logout')} question=${t('me.guest_logout_ask')} yes=${t('me.logout')} testid="logout" onYes=${leave} />`
        : html`<button type="button" class="ghost danger" data-testid="logout" onClick=${leave}>${t('me.logout')}</button>`}
    </div>
    <${Tabs} at="me" />
  </main>`
}

function Name({ me }) {
  const [name, setName] = useState(me.display_name ?? '')
  const { ask, busy, error } = useAsked()
  const save = async (event) => {
    event.preventDefault()
    const changed = await ask(() => api.patch('/api/v1/users/me', { display_name: name.trim() }))
    if (changed) user.set(changed)
  }
  const isNew = name.trim() && name.trim() !== me.display_name
  return html`<form class="name-form" onSubmit=${save}>
    <${Field} label=${t('auth.display_name')} required maxlength="64" autocomplete="nickname" value=${name} data-testid="my-name" onInput=${(e) => setName(e.target.value)} />
    ${isNew && html`<button type="submit" class="small" disabled=${busy} data-testid="save-name">${t('action.save')}</button>`}
    <${Problem} error=${error} /></form>`
}
