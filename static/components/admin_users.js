// Accounts: found by name, disabled and let in again, made admins, given another password. Each is in the audit.
import { html, useEffect, useState } from '../html.js'
import { day, t } from '../i18n.js'
import * as api from '../api.js'
import { user as own } from '../page.js'
import { go } from '../router.js'
import { useAsked } from './asked.js'
import { Asking } from './asking.js'
import { Field } from './choice.js'
import { useLoaded } from './loaded.js'
import { Problem } from './problem.js'

const PATH = '/api/v1/admin/users'

export function AdminUsers() {
  const [text, set] = useState('')
  const [asked, ask] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => ask(text.trim()), 250)
    return () => clearTimeout(timer)
  }, [text])
  const { value, error } = useLoaded(async () => (asked ? api.get(`${PATH}?query=${encodeURIComponent(asked)}&limit=50`) : null), [asked])
  return html`<${Field} label=${t('chats.search')} type="search" maxlength="64" value=${text} data-testid="users-search" onInput=${(e) => set(e.target.value)} />
    <${Problem} error=${error} />
    ${!asked && html`<p class="quiet">${t('admin.users_hint')}</p>`}
    ${asked && value?.items.length === 0 && html`<p class="quiet">${t('chats.nobody')}</p>`}
    <div class="rows">${(asked && value ? value.items : []).map((user) => html`<${Account} key=${user.id} found=${user} />`)}</div>`
}

function Account({ found }) {
  const [user, set] = useState(found)
  const [password, tell] = useState(null)
  const { ask, busy, error } = useAsked()
  const change = (body) => async () => set((await ask(() => api.patch(`${PATH}/${user.id}`, body))) ?? user)
  const reset = async () => tell((await ask(() => api.post(`${PATH}/${user.id}/password-reset`)))?.password ?? null)
  const isAdmin = user.role === 'admin'
  const act = (what, onYes, { danger = false } = {}) => html`<${Asking} key=${what} label=${t(`admin.${what}`)} question=${t(`admin.${what}_ask`, { name: user.display_name })} yes=${t(`admin.${what}`)} testid=${`user-${what}`} danger=${danger} onYes=${onYes} />`
  return html`<details class="one-user" data-testid="user-line"><summary><span class="who"><b class="name">${user.display_name}</b>
      <span class="sub">${[user.username ? `@${user.username}` : t('participants.guest'), isAdmin && t('admin.role'), user.disabled_at && t('admin.disabled')].filter(Boolean).join(' · ')}</span></span></summary>
    <p class="quiet">${[t('admin.since', { date: day(user.created_at) }), user.email].filter(Boolean).join(' · ')}</p>
    <${Problem} error=${error} />
    ${password && html`<p class="note" role="status">${t('admin.new_password')}<code data-testid="user-password">${password}</code></p>`}
    ${user.id === own.get()?.id ? html`<p class="quiet" data-testid="user-own">${t('admin.own')}</p>` : html`<div class="acts-of-user" aria-busy=${busy}>
      ${user.disabled_at ? act('enable', change({ is_disabled: false })) : act('disable', change({ is_disabled: true }), { danger: true })}
      ${!user.is_guest && act('reset', reset)}
      ${!user.is_guest && act(isAdmin ? 'take_role' : 'give_role', change({ role: isAdmin ? 'user' : 'admin' }))}</div>`}
    <button type="button" class="ghost" data-testid="user-audit" onClick=${() => go(`/admin/audit?user_id=${user.id}`)}>${t('admin.user_audit')}</button></details>`
}
