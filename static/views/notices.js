// What I was told: the newest first, by day; unread ones are marked, and can be followed, answered and removed.
import { html, useEffect } from '../html.js'
import { clock, dayWord, t } from '../i18n.js'
import * as api from '../api.js'
import { noticePath } from '../notice_path.js'
import { ICONS, noticeText } from '../notice_text.js'
import { link, notices } from '../page.js'
import { byDay } from '../stats_view.js'
import { go } from '../router.js'
import { useStore } from '../store.js'
import { useAsked } from '../components/asked.js'
import { Banner } from '../components/banner.js'
import { Bar, BarButton } from '../components/bar.js'
import { Icon } from '../components/icon.js'
import { PagesEnd } from '../components/pages.js'
import { Problem } from '../components/problem.js'
import { accept, decline } from '../components/relations.js'
import { Tabs } from '../components/tabs.js'

export function Notices() {
  const told = useStore(notices)
  return told && html`<${List} told=${told} />`
}

function List({ told }) {
  const state = useStore(told.state)
  const isOnline = useStore(link) === 'online'
  const { ask, error } = useAsked()
  useEffect(() => { told.load() }, [isOnline])
  const pages = { ...state, more: () => told.more(), retry: () => told.load() }
  return html`<main class="page" data-testid="notices">
    <${Bar} title=${t('notices.title')} back="/"><${BarButton} icon="sliders" label=${t('settings.notices')} onClick=${() => go('/me/notices')} testid="notice-settings" /></${Bar}>
    <${Banner} />
    <div class="sheet">
      ${state.unread.size > 0 && html`<button type="button" class="ghost" data-testid="read-all" onClick=${() => told.readAll()}>${t('notices.read_all')}</button>`}
      <${Problem} error=${error} />
      ${state.loaded && byDay(state.items, (one) => dayWord(one.created_at)).map((group) => html`<section class="stack" key=${group.day}><h2 class="h">${group.day}</h2>
        <ul class="rows notices">${group.items.map((one) => html`<${Notice} key=${one.id} one=${one} told=${told} ask=${ask} />`)}</ul></section>`)}
      <${PagesEnd} pages=${pages} empty=${t('notices.none')} />
    </div>
    <${Tabs} at="lobby" />
  </main>`
}

function Notice({ one, told, ask }) {
  const [title, rest] = noticeText(one)
  const path = noticePath(one)
  const follow = () => {
    told.read(one.id)
    if (path) go(path)
  }
  return html`<li class="notice${one.read_at ? '' : ' unread'}" data-testid="notice" data-kind=${one.kind} data-read=${String(Boolean(one.read_at))}>
    <button type="button" class="notice-in" onClick=${follow}><span class="notice-icon"><${Icon} name=${ICONS[one.kind] ?? 'bell'} />${!one.read_at && html`<span class="dot"></span>`}</span>
      <span class="who"><b class="name">${!one.read_at && html`<span class="hidden">${t('notices.new')} </span>`}${title}</b><span class="how">${rest}</span><time class="said" datetime=${one.created_at}>${clock(one.created_at)}</time></span></button>
    <button type="button" class="icon plain" title=${t('notices.remove')} aria-label="${t('notices.remove')}: ${title}" data-testid="notice-remove" onClick=${() => told.remove(one.id)}><${Icon} name="close" /></button>
    <${Answers} one=${one} told=${told} ask=${ask} />
  </li>`
}

/** What is asked can be answered here, as long as it was not read. */
function Answers({ one, told, ask }) {
  const { kind, data } = one
  if (one.read_at) return null
  const answer = (work) => () => ask(async () => {
    await work()
    told.read(one.id)
  })
  if (kind === 'friend_request' && data.request_id) {
    return html`<div class="two"><button type="button" class="small go" data-testid="notice-accept" onClick=${answer(() => accept(data.request_id))}>${t('friends.accept')}</button>
      <button type="button" class="small" data-testid="notice-decline" onClick=${answer(() => decline(data.request_id))}>${t('friends.decline')}</button></div>`
  }
  if (kind === 'session_invitation' && data.session_id) {
    return html`<div class="two"><button type="button" class="small go" data-testid="notice-join" onClick=${() => { told.read(one.id); go(`/join/${data.session_id}`) }}>${t('join.title')}</button>
      ${data.participant_id && html`<button type="button" class="small" data-testid="notice-refuse" onClick=${answer(() => api.remove(`/api/v1/sessions/${data.session_id}/participants/${data.participant_id}`))}>${t('notice.refuse')}</button>`}</div>`
  }
  return null
}
