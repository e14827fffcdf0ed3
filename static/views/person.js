// Another user: what is between us, what can be done about it, and the numbers.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { chats } from '../page.js'
import { relationOf } from '../people_view.js'
import { cameFrom, go } from '../router.js'
import { useStore } from '../store.js'
import { useAsked } from '../components/asked.js'
import { Asking } from '../components/asking.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Face } from '../components/face.js'
import { InviteToTable } from '../components/invite_to_table.js'
import { useLoaded } from '../components/loaded.js'
import { Numbers } from '../components/numbers.js'
import { Failed } from '../components/pages.js'
import { Problem } from '../components/problem.js'
import { accept, ask as askFor, block, decline, takeBack, unblock, unfriend, useRelations } from '../components/relations.js'
import { shadeOf } from '../components/user_line.js'
import { Tabs } from '../components/tabs.js'

export function Person({ id, me }) {
  // From one player to another and back would never end.
  const [from] = useState(() => (cameFrom()?.startsWith('/users/') ? null : cameFrom()))
  const { value: user, error, retry } = useLoaded(() => api.get(`/api/v1/users/${id}`), [id])
  const { value: lists } = useRelations()
  const relation = lists && relationOf(lists, id, me.id)
  return html`<main class="page roomy" data-testid="person">
    <${Bar} title=${user?.display_name ?? t('person.title')} back=${from ?? '/friends'} />
    <${Banner} />
    <div class="sheet">
      ${!user && (error ? html`<${Failed} error=${error} onRetry=${retry} />` : html`<p class="quiet" role="status">${t('state.loading')}</p>`)}
      ${user && html`<div class="card-person"><${Face} name=${user.display_name} index=${shadeOf(id)} />
          <span class="who"><b class="name">${user.display_name}</b>${user.username && html`<span class="said">@${user.username}</span>`}
          ${relation && relation.kind !== 'none' && html`<span class="relation" data-testid="relation">${t(`friends.is.${relation.kind}`)}</span>`}</span></div>
        ${relation && relation.kind !== 'self' && html`<${Deeds} user=${user} relation=${relation} me=${me} />`}
        <${Numbers} userId=${id} isMine=${id === me.id} />
        ${relation && html`<${Ends} user=${user} relation=${relation} />`}`}
    </div>
    <${Tabs} at="me" />
  </main>`
}

function Deeds({ user, relation, me }) {
  const talk = useStore(chats)
  const { ask, busy, error } = useAsked()
  const { kind, request } = relation
  const button = (testid, look, words, work) => html`<button type="button" class=${look} disabled=${busy} data-testid=${testid} onClick=${() => ask(work)}>${words}</button>`
  const write = () => talk.direct(user.id).then((chat) => go(`/chats/${chat}`))
  if (kind === 'blocked') return html`<p class="note">${t('person.blocked')}</p>${button('unblock', 'ghost', t('friends.unblock'), () => unblock(user.id))}<${Problem} error=${error} />`
  return html`<div class="two">
      ${kind === 'none' && button('add-friend', 'big', t('friends.add'), () => askFor(user.id))}
      ${kind === 'asks' && button('accept', 'big', t('friends.accept'), () => accept(request))}
      ${kind === 'asks' && button('decline', 'ghost', t('friends.decline'), () => decline(request))}
      ${kind === 'asked' && button('take-back', 'ghost', t('friends.take_back'), () => takeBack(request))}
      ${button('write-to', kind === 'friend' ? 'big wide' : 'ghost', t('chats.write'), write)}
    </div>
    <${Problem} error=${error} />
    <${InviteToTable} userId=${user.id} me=${me} />`
}

/** What ends something stands last, and asks. */
function Ends({ user, relation }) {
  const { ask, error } = useAsked()
  if (relation.kind === 'self' || relation.kind === 'blocked') return null
  const name = user.display_name
  return html`<div class="stack ends"><${Problem} error=${error} />
    ${relation.kind === 'friend' && html`<${Asking} label=${t('person.remove')} question=${t('person.remove_ask', { name })} yes=${t('person.remove_yes')} testid="unfriend" onYes=${() => ask(() => unfriend(user.id))} />`}
    <${Asking} label=${t('person.block')} question=${t('person.block_ask', { name })} yes=${t('person.block_yes')} testid="block" onYes=${() => ask(() => block(user.id))} /></div>`
}
