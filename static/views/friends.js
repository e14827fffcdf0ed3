// Friends: who asks, who is one, whom I asked, whom I blocked, and finding others.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { relationOf } from '../people_view.js'
import { useAsked } from '../components/asked.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Bell } from '../components/bell.js'
import { Field } from '../components/choice.js'
import { useLoaded } from '../components/loaded.js'
import { Failed } from '../components/pages.js'
import { usePaused } from '../components/paused.js'
import { Problem } from '../components/problem.js'
import { accept, ask as askFor, decline, takeBack, unblock, useRelations } from '../components/relations.js'
import { Tabs } from '../components/tabs.js'
import { UserLine } from '../components/user_line.js'

export function Friends({ me }) {
  const [typed, type] = useState('')
  const { value: lists, error, retry } = useRelations()
  const { ask, busy, error: refused } = useAsked()
  const does = (work) => () => ask(work)
  return html`<main class="page" data-testid="friends">
    <${Bar} title=${t('friends.title')} back="/me"><${Bell} /></${Bar}>
    <${Banner} />
    <div class="sheet">
      <${Field} label=${t('friends.find')} type="search" value=${typed} autocomplete="off" maxlength="64" data-testid="find-people" onInput=${(e) => type(e.target.value)} />
      <${Problem} error=${refused} />
      ${!lists && error && html`<${Failed} error=${error} onRetry=${retry} />`}
      ${!lists && !error && html`<p class="quiet" role="status">${t('state.loading')}</p>`}
      ${lists && (typed.trim() ? html`<${Found} typed=${typed.trim()} lists=${lists} me=${me} does=${does} busy=${busy} />` : html`<${Lists} lists=${lists} does=${does} busy=${busy} />`)}
    </div>
    <${Tabs} at="me" />
  </main>`
}

function Lists({ lists, does, busy }) {
  const { asking, friends, asked, blocked } = lists
  return html`
    ${asking.length > 0 && html`<h2 class="h">${t('friends.asking')}</h2><div class="rows">${asking.map(({ id, from }) => html`<${UserLine} key=${id} user=${from} testid="asking">
      <button type="button" class="small go" disabled=${busy} data-testid="accept" onClick=${does(() => accept(id))}>${t('friends.accept')}</button>
      <button type="button" class="small" disabled=${busy} data-testid="decline" onClick=${does(() => decline(id))}>${t('friends.decline')}</button></${UserLine}>`)}</div>`}
    <h2 class="h">${t('friends.mine', { n: friends.length })}</h2>
    ${friends.length ? html`<div class="rows">${friends.map(({ user }) => html`<${UserLine} key=${user.id} user=${user} testid="friend" />`)}</div>`
      : html`<p class="quiet" data-testid="empty">${t('friends.none')}</p>`}
    ${asked.length > 0 && html`<h2 class="h">${t('friends.asked')}</h2><div class="rows">${asked.map(({ id, to }) => html`<${UserLine} key=${id} user=${to} testid="asked">
      <button type="button" class="small" disabled=${busy} data-testid="take-back" onClick=${does(() => takeBack(id))}>${t('friends.take_back')}</button></${UserLine}>`)}</div>`}
    ${blocked.length > 0 && html`<details data-testid="blocked"><summary>${t('friends.blocked', { n: blocked.length })}</summary><div class="rows">${blocked.map(({ user }) => html`<${UserLine} key=${user.id} user=${user} testid="blocked-one">
      <button type="button" class="small" disabled=${busy} data-testid="unblock" onClick=${does(() => unblock(user.id))}>${t('friends.unblock')}</button></${UserLine}>`)}</div></details>`}`
}

function Found({ typed, lists, me, does, busy }) {
  const asked = usePaused(typed)
  const { value, error, retry } = useLoaded(async () => ({ asked, items: (await api.get(`/api/v1/users?query=${encodeURIComponent(asked)}&limit=30`)).items }), [asked])
  if (error && value?.asked !== asked) return html`<${Failed} error=${error} onRetry=${retry} />`
  if (value?.asked !== typed) return html`<p class="quiet" role="status">${t('state.loading')}</p>`
  const others = value.items.filter((user) => user.id !== me.id)
  if (!others.length) return html`<p class="quiet" role="status">${t('friends.nobody')}</p>`
  return html`<div class="rows" data-testid="found">${others.map((user) => {
    const { kind } = relationOf(lists, user.id, me.id)
    return html`<${UserLine} key=${user.id} user=${user} testid="found-one">
      ${kind === 'none' ? html`<button type="button" class="small go" disabled=${busy} data-testid="add-friend" onClick=${does(() => askFor(user.id))}>${t('friends.add')}</button>`
        : html`<span class="quiet">${t(`friends.is.${kind}`)}</span>`}</${UserLine}>`
  })}</div>`
}
