// The chat of a table: a sheet over it on a phone, a pane beside it where there is room.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { isCreator, participantOf } from '../game_view.js'
import { Conversation } from './conversation.js'
import { Sheet } from './sheet.js'

export function ChatSheet({ session, me, onClose }) {
  return html`<${Sheet} title=${t('chat.title')} onClose=${onClose} testid="chat-sheet" tall>
    <${Conversation} ...${ofTable(session, me)} focused onClose=${onClose} />
  </${Sheet}>`
}

export function ChatPane({ session, me }) {
  return html`<aside class="pane" aria-label=${t('chat.title')} data-testid="chat-pane">
    <header class="bar"><h2>${t('chat.title')}</h2></header>
    <${Conversation} ...${ofTable(session, me)} />
  </aside>`
}

/** Those who ever sat at the table are called as they are called there. */
function ofTable(session, me) {
  const people = new Map(session.participants.filter((p) => p.user_id).map((p) => [p.user_id, { name: p.display_name, index: session.participants.indexOf(p) }]))
  const mine = participantOf(session, me.id)
  return { key: session.chat_id, id: session.chat_id, me, people, mayDelete: isCreator(session, me.id), members: String(mine?.is_active) }
}
