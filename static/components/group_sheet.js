// A new group: what it is called, and which friends are in it.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { go } from '../router.js'
import { useAsked } from './asked.js'
import { Field } from './choice.js'
import { FriendTicks } from './friend_ticks.js'
import { useLoaded } from './loaded.js'
import { Failed } from './pages.js'
import { Problem } from './problem.js'
import { Sheet } from './sheet.js'

export function GroupSheet({ talk, onClose }) {
  const [title, name] = useState('')
  const [chosen, choose] = useState([])
  const { value: friends, error: failed, retry } = useLoaded(() => api.all('/api/v1/friends'), [])
  const { ask, busy, error } = useAsked()
  const make = async (event) => {
    event.preventDefault()
    const id = await ask(() => talk.group(title.trim(), chosen))
    if (!id) return
    onClose()
    go(`/chats/${id}`)
  }
  return html`<${Sheet} title=${t('group.new')} onClose=${onClose} testid="group-sheet" tall>
    <form class="sheet-form" onSubmit=${make}>
      <${Field} label=${t('group.name')} required maxlength="100" autocomplete="off" value=${title} data-testid="group-name" onInput=${(e) => name(e.target.value)} />
      <h3 class="h">${t('group.choose')}</h3>
      ${!friends && (failed ? html`<${Failed} error=${failed} onRetry=${retry} />` : html`<p class="quiet" role="status">${t('state.loading')}</p>`)}
      ${friends && (friends.length ? html`<${FriendTicks} friends=${friends.map((one) => one.user)} chosen=${chosen} onChange=${choose} />`
        : html`<p class="quiet">${t('group.no_friends')}</p><button type="button" class="ghost" onClick=${() => { onClose(); go('/friends') }}>${t('friends.title')}</button>`)}
      <${Problem} error=${error} />
      <button type="submit" class="big" disabled=${busy || !title.trim() || !chosen.length} data-testid="make-group">${t('group.make')}</button>
    </form>
  </${Sheet}>`
}
