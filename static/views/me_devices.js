// Where I am signed in: this device first; others can be signed out from here.
import { html } from '../html.js'
import { clock, day, t } from '../i18n.js'
import * as api from '../api.js'
import { deviceName, isPhone } from '../device_name.js'
import { useAsked } from '../components/asked.js'
import { Asking } from '../components/asking.js'
import { Icon } from '../components/icon.js'
import { useLoaded } from '../components/loaded.js'
import { Problem } from '../components/problem.js'
import { SettingsPage } from '../components/settings_page.js'

const PATH = '/api/v1/users/me/logins'

export function Devices() {
  const loaded = useLoaded(() => api.all(PATH), [])
  const { ask, error } = useAsked()
  const end = (login) => ask(() => api.remove(`${PATH}/${login.id}`)).then(loaded.retry)
  const logins = [...(loaded.value ?? [])].sort((a, b) => b.is_current - a.is_current || (a.last_used_at < b.last_used_at ? 1 : -1))
  return html`<${SettingsPage} title=${t('devices.title')} testid="devices" loaded=${loaded}>
    <p class="quiet">${t('devices.hint')}</p>
    <${Problem} error=${error} />
    <div class="rows">${logins.map((login) => html`<div class="device" key=${login.id} data-testid="device" data-current=${String(login.is_current)}>
      <span class="device-line"><${Icon} name=${isPhone(login.user_agent) ? 'devices' : 'tv'} size=${24} /><span class="who"><b class="name">${deviceName(login.user_agent) ?? t('devices.unknown')}</b>
        <span class="said">${login.is_current ? html`<span class="presence on">${t('devices.this')}</span>` : t('devices.used', { day: day(login.last_used_at), time: clock(login.last_used_at) })}</span></span></span>
      ${!login.is_current && html`<${Asking} label=${t('devices.end')} question=${t('devices.end_ask')} yes=${t('devices.end')} testid="end-login" onYes=${() => end(login)} />`}
    </div>`)}</div>
    ${loaded.value && logins.length < 2 && html`<p class="quiet">${t('devices.none_other')}</p>`}
  </${SettingsPage}>`
}
