// To whom: friends, whoever is found by name, or a new group.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { matching } from '../people_view.js'
import { go } from '../router.js'
import { useAsked } from './asked.js'
import { Field } from './choice.js'
import { Face } from './face.js'
import { GroupSheet } from './group_sheet.js'
import { useLoaded } from './loaded.js'
import { usePaused } from './paused.js'
import { Problem } from './problem.js'
import { Sheet } from './sheet.js'

export function WriteSheet({ talk, me, onClose }) {
  const [isGroup, group] = useState(false)
  const [query, setQuery] = useState('')
  const asked = usePaused(query.trim())
  const { ask, error } = useAsked()
  const { value: friends } = useLoaded(() => api.all('/api/v1/friends'), [])
  const { value: found, error: failed } = useLoaded(async () => (asked ? (await api.get(`/api/v1/users?query=${encodeURIComponent(asked)}&limit=20`)).items : null), [asked])
  const close = matching((friends ?? []).map((friend) => friend.user), query)
  const others = (asked && found ? found : []).filter((user) => user.id !== me.id && !close.some((friend) => friend.id === user.id))
  const write = async (user) => {
    const id = await ask(() => talk.direct(user.id))
    if (!id) return
    onClose()
    go(`/chats/${id}`)
  }
  if (isGroup) return html`<${GroupSheet} talk=${talk} onClose=${onClose} />`
  return html`<${Sheet} title=${t('chats.write')} onClose=${onClose} testid="write-sheet" tall>
    <${Field} label=${t('chats.search')} type="search" value=${query} autocomplete="off" autofocus data-testid="write-query" onInput=${(e) => setQuery(e.target.value)} />
    <${Problem} error=${error ?? failed} />
    <button type="button" class="ghost" data-testid="new-group" onClick=${() => group(true)}>${t('group.new')}</button>
    <${People} title=${t('chats.friends')} users=${close} onChoose=${write} />
    <${People} title=${t('chats.found')} users=${others} onChoose=${write} />
    ${close.length + others.length === 0 && html`<p class="quiet" role="status">${t(asked && found ? 'chats.nobody' : 'chats.no_friends')}</p>`}
  </${Sheet}>`
}

function People({ title, users, onChoose }) {
  if (!users.length) return null
  return html`<h3 class="h">${title}</h3><div class="rows">${users.map((user, index) => html`<button type="button" class="row person" key=${user.id} data-testid="person" onClick=${() => onChoose(user)}>
    <${Face} name=${user.display_name} index=${index} /><span class="who"><b class="name">${user.display_name}</b>${user.username && html`<span class="said">@${user.username}</span>`}</span></button>`)}</div>`
}
