// The way to the chat of a table where there is no room for it beside the score: it says what is unread.
import { html, useEffect } from '../html.js'
import { t } from '../i18n.js'
import { chats } from '../page.js'
import { unread } from '../chat_state.js'
import { useStore } from '../store.js'
import { Badge } from './badge.js'
import { Icon } from './icon.js'

export function ChatButton({ id, open, onClick }) {
  const talk = useStore(chats)
  return talk && html`<${Button} talk=${talk} id=${id} open=${open} onClick=${onClick} />`
}

function Button({ talk, id, open, onClick }) {
  const state = useStore(talk.store(id))
  useEffect(() => { if (!state.chat) talk.loadChat(id) }, [id])
  return html`<button type="button" class="icon" title=${t('chat.title')} aria-haspopup="dialog" aria-expanded=${String(open)} data-testid="chat-button" onClick=${onClick}>
    <${Icon} name="chat" /><span class="hidden">${t('chat.title')}</span><span role="status"><${Badge} n=${unread(state)} /></span></button>`
}
