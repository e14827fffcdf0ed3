// What I want to be told of, in which language, and whether others see that I am here.
import { html, useEffect, useState } from '../html.js'
import { lang, t } from '../i18n.js'
import * as api from '../api.js'
import { useAsked } from '../components/asked.js'
import { Select, Switch } from '../components/choice.js'
import { useLoaded } from '../components/loaded.js'
import { Problem } from '../components/problem.js'
import { PushSwitch } from '../components/push_switch.js'
import { SettingsPage } from '../components/settings_page.js'

const KINDS = ['session_invitation', 'game_completed', 'payment_marked', 'message', 'friend_request', 'friend_accepted', 'achievement_unlocked', 'command_refused']
const NOTICES = '/api/v1/notifications/settings'
const CHATS = '/api/v1/chats/settings'

export function NoticeSettings() {
  const loaded = useLoaded(async () => {
    const [notices, talk, server] = await Promise.all([api.get(NOTICES), api.get(CHATS), api.get('/api/v1/server').catch(() => null)])
    return { notices, talk, server }
  }, [])
  const [changed, change] = useState({})
  useEffect(() => change({}), [loaded.value])
  const { ask, error } = useAsked()
  const { notices, talk, server } = { ...loaded.value, ...changed }
  const put = async (part, path, body) => {
    const answer = await ask(() => api.put(path, body))
    // What was not taken jumps back.
    change((now) => ({ ...now, ...(answer && { [part]: answer }) }))
  }
  return html`<${SettingsPage} title=${t('settings.notices')} testid="notice-settings-page" loaded=${loaded}>
    <${Problem} error=${error} />
    ${notices && html`
      <h2 class="h">${t('settings.tell_me')}</h2>
      <div class="rows padded">${KINDS.filter((kind) => kind in notices.kinds).map((kind) => html`<${Switch} key=${kind} label=${t(`notice_kind.${kind}`)} value=${notices.kinds[kind]}
        onChange=${(on) => put('notices', NOTICES, { kinds: { [kind]: on } })} testid="kind-${kind}" />`)}</div>
      ${server && html`<h2 class="h">${t('settings.ways')}</h2><div class="rows padded"><${PushSwitch} server=${server} onTurnedOn=${() => put('notices', NOTICES, { kinds: {}, language: lang.get() })} />
        ${server.features.mail && html`<${Switch} label=${t('settings.mail')} hint=${t('settings.mail_hint')} value=${notices.evening_by_mail} onChange=${(on) => put('notices', NOTICES, { kinds: {}, evening_by_mail: on })} testid="evening-by-mail" />`}</div>`}
      <${Select} label=${t('settings.language')} value=${notices.language ?? lang.get()} options=${[['ru', 'Русский'], ['en', 'English']]} onChange=${(language) => put('notices', NOTICES, { kinds: {}, language })} />
      <h2 class="h">${t('settings.seen')}</h2>
      <div class="rows padded"><${Switch} label=${t('settings.hide')} hint=${t('settings.hide_hint')} value=${talk.hide_presence} onChange=${(hide_presence) => put('talk', CHATS, { hide_presence })} testid="hide-presence" /></div>`}
  </${SettingsPage}>`
}
