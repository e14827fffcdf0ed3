// All chats, the one with the latest message first, and one of them: beside the list where there is room.
import { html, useState } from '../html.js'
import { clock, day, t } from '../i18n.js'
import { chats } from '../page.js'
import { contentOf, lastMessage, latestFirst, titleOf, unread } from '../chat_state.js'
import { go } from '../router.js'
import { useStore } from '../store.js'
import { Badge } from '../components/badge.js'
import { Banner } from '../components/banner.js'
import { Bar, BarButton } from '../components/bar.js'
import { Bell } from '../components/bell.js'
import { ChatAbout } from '../components/chat_about.js'
import { Field } from '../components/choice.js'
import { Conversation } from '../components/conversation.js'
import { Face } from '../components/face.js'
import { finePointer } from '../components/message_log.js'
import { MessageSearch } from '../components/message_search.js'
import { other, presenceText, usePresence } from '../components/chat_presence.js'
import { Problem } from '../components/problem.js'
import { Tabs } from '../components/tabs.js'
import { useWide } from '../components/wide.js'
import { WriteSheet } from '../components/write_sheet.js'

/** What a chat is called whose name is not known. */
const nameless = (chat) => t(chat?.kind === 'direct' ? 'chat.somebody' : 'chat.title')

export function Chats({ id, me }) {
  const talk = useStore(chats)
  const wide = useWide()
  const [writing, write] = useState(false)
  if (!talk) return null
  const list = html`<${List} talk=${talk} me=${me} chosen=${id} onWrite=${() => write(true)} />`
  return html`<div class="chats${wide ? ' beside' : ''}">
    ${(wide || !id) && list}
    ${id ? html`<${Chat} key=${id} talk=${talk} id=${id} me=${me} wide=${wide} />` : wide && html`<div class="pane hollow"><p class="quiet center">${t('chats.choose')}</p></div>`}
    ${writing && html`<${WriteSheet} talk=${talk} me=${me} onClose=${() => write(false)} />`}
  </div>`
}

function List({ talk, me, chosen, onWrite }) {
  const { states, loaded, error } = useStore(talk.list)
  const items = useStore(talk.waiting)
  const [typed, type] = useState('')
  // Every evening has a chat: those where nothing was said are found at their tables.
  const all = latestFirst(states).filter((state) => state.chat.kind !== 'session' || lastMessage(state) || state.id === chosen)
  return html`<main class="page" data-testid="chats">
    <${Bar} title=${t('nav.chats')}><${Bell} /><${BarButton} icon="write" label=${t('chats.write')} onClick=${onWrite} testid="write" /></${Bar}>
    <${Banner} />
    <div class="sheet">
      <${Problem} error=${!loaded && error} />
      ${all.length > 0 && html`<${Field} label=${t('chats.find')} type="search" maxlength="100" autocomplete="off" value=${typed} data-testid="find-messages" onInput=${(e) => type(e.target.value)} />`}
      ${typed.trim() ? html`<${MessageSearch} typed=${typed.trim()} states=${states} me=${me} />` : all.length > 0 ? html`<nav class="rows" aria-label=${t('nav.chats')}>${all.map((state) => html`<${Line} key=${state.id} state=${state} me=${me} chosen=${state.id === chosen}
          waits=${items.findLast((item) => item.chat_id === state.id && item.type === 'message')} />`)}</nav>`
        : html`<p class="quiet">${loaded ? t('chats.none') : t('state.loading')}</p>`}
      ${loaded && all.length === 0 && html`<button type="button" class="big" onClick=${onWrite}>${t('chats.write')}</button>`}
    </div>
    <${Tabs} at="chats" />
  </main>`
}

function Line({ state, me, chosen, waits }) {
  const { chat } = state
  const last = lastMessage(state)
  const title = titleOf(chat, me.id) || nameless(chat)
  const today = last && new Date(last.created_at).toDateString() === new Date().toDateString()
  return html`<button type="button" class="row chat-line${chosen ? ' on' : ''}" aria-current=${chosen ? 'page' : undefined} data-testid="chat-line" data-chat=${state.id} onClick=${() => go(`/chats/${state.id}`)}>
    <${Face} name=${title} index=${shade(state.id)} />
    <span class="who"><b class="name">${title}</b><span class="said">${preview(chat, last, waits, me)}</span></span>
    <span class="when">${last && html`<time datetime=${last.created_at}>${today ? clock(last.created_at) : day(last.created_at)}</time>`}<${Badge} n=${unread(state)} /></span>
  </button>`
}

function preview(chat, last, waits, me) {
  if (waits) return t('chats.you', { text: contentOf(waits) })
  if (!last) return ''
  if (last.is_deleted) return t('chat.deleted')
  if (last.sender_id === me.id) return t('chats.you', { text: last.content })
  const sender = chat.kind === 'direct' ? null : chat.members.find((member) => member.user_id === last.sender_id)?.display_name
  return sender ? `${sender}: ${last.content}` : last.content
}

const shade = (id) => Number.parseInt(id.slice(-2), 16) || 0

function Chat({ talk, id, me, wide }) {
  const { chat } = useStore(talk.store(id))
  const [isAbout, about] = useState(false)
  usePresence(talk, id)
  const title = (chat && titleOf(chat, me.id)) || nameless(chat)
  // Beside the list it is a part of the screen, and alone all of it.
  const Box = wide ? 'section' : 'main'
  return html`<${Box} class=${wide ? 'pane' : 'page one-chat'} aria-label=${title} data-testid="chat-view">
    <${Bar} title=${title} sub=${chat && presenceText(chat, me.id)} back=${wide ? null : '/chats'}>
      ${chat?.session_id && html`<${BarButton} icon="tables" label=${t('chats.table')} onClick=${() => go(`/s/${chat.session_id}`)} testid="to-table" />`}
      ${chat && chat.kind !== 'session' && html`<${BarButton} icon=${chat.kind === 'group' ? 'people' : 'me'} label=${t('group.about')} onClick=${() => (chat.kind === 'group' ? about(true) : go(`/users/${other(chat, me.id)?.user_id}`))} testid="chat-about" />`}
    </${Bar}>
    ${isAbout && html`<${ChatAbout} talk=${talk} chat=${chat} me=${me} onClose=${() => about(false)} />`}
    ${!wide && html`<${Banner} />`}
    <${Conversation} id=${id} me=${me} focused=${finePointer()} onClose=${() => go('/chats')} />
  </${Box}>`
}
