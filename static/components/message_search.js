// Messages of all my chats that have the words typed, the latest first.
import { html } from '../html.js'
import { clock, day, t } from '../i18n.js'
import { titleOf } from '../chat_state.js'
import { marked } from '../people_view.js'
import { go } from '../router.js'
import { PagesEnd, usePages } from './pages.js'
import { usePaused } from './paused.js'

export function MessageSearch({ typed, states, me }) {
  const asked = usePaused(typed)
  const pages = usePages(`/api/v1/messages?limit=30&query=${encodeURIComponent(asked)}`)
  return html`<div class="stack" data-testid="found-messages">
    ${pages.items.length > 0 && html`<div class="rows">${pages.items.map((message) => html`<${FoundMessage} key=${message.id} message=${message} words=${asked} chat=${states.find((state) => state.id === message.chat_id)?.chat} me=${me} />`)}</div>`}
    <${PagesEnd} pages=${pages} empty=${t('chats.found_none')} />
  </div>`
}

function FoundMessage({ message, words, chat, me }) {
  const title = (chat && titleOf(chat, me.id)) || t('chat.title')
  const said = chat?.members.find((member) => member.user_id === message.sender_id)?.display_name
  const who = message.sender_id === me.id ? t('participants.you_say') : chat?.kind === 'direct' ? null : said
  return html`<button type="button" class="found-message" data-testid="found-message" onClick=${() => go(`/chats/${message.chat_id}`)}>
    <span class="where"><b class="name">${title}</b><time datetime=${message.created_at}>${day(message.created_at)}, ${clock(message.created_at)}</time></span>
    <span class="words">${who ? `${who}: ` : ''}${marked(message.content, words).map(([text, isFound]) => (isFound ? html`<mark>${text}</mark>` : text))}</span>
  </button>`
}
