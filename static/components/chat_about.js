// Who is in a group; whoever made it brings others and takes them out, and everybody may leave.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { go } from '../router.js'
import { useAsked } from './asked.js'
import { Asking } from './asking.js'
import { presenceOf } from './chat_presence.js'
import { FriendTicks } from './friend_ticks.js'
import { useLoaded } from './loaded.js'
import { Problem } from './problem.js'
import { Sheet } from './sheet.js'
import { UserLine } from './user_line.js'

export function ChatAbout({ talk, chat, me, onClose }) {
  const { ask, busy, error } = useAsked()
  const leave = async () => {
    if (!(await ask(() => talk.takeOut(chat.id, me.id).then(() => true)))) return
    onClose()
    go('/chats')
  }
  return html`<${Sheet} title=${chat.title} onClose=${onClose} testid="chat-about-sheet" tall>
    <h3 class="h">${t('group.members')} · ${chat.members.length}</h3>
    <div class="rows" data-testid="members">${chat.members.map((member) => html`<${Member} key=${member.user_id} member=${member} me=${me} onRemove=${() => ask(() => talk.takeOut(chat.id, member.user_id))} />`)}</div>
    <${Problem} error=${error} />
    ${!chat.left_at && html`<${Bring} talk=${talk} chat=${chat} ask=${ask} busy=${busy} />
      <p class="quiet">${t('group.who_may')}</p>
      <${Asking} label=${t('group.leave')} question=${t('group.leave_ask')} yes=${t('group.leave')} testid="leave-group" onYes=${leave} />`}
  </${Sheet}>`
}

function Member({ member, me, onRemove }) {
  const [isOpen, open] = useState(false)
  const isMe = member.user_id === me.id
  const user = { id: member.user_id, display_name: member.display_name || t('chat.somebody') }
  return html`<${UserLine} user=${user} sub=${isMe ? t('participants.you') : presenceOf(member)} testid="member">
    ${!isMe && html`<button type="button" class="small" aria-expanded=${String(isOpen)} data-testid="remove-member" onClick=${() => open(!isOpen)}>${t('group.out')}</button>`}
    ${isOpen && html`<div class="asking" role="alertdialog"><p>${t('group.remove_ask', { name: user.display_name })}</p><button type="button" class="big danger" data-testid="remove-member-yes" onClick=${() => { open(false); onRemove() }}>${t('group.remove')}</button></div>`}
  </${UserLine}>`
}

function Bring({ talk, chat, ask, busy }) {
  const [isOpen, open] = useState(false)
  const [chosen, choose] = useState([])
  const { value: friends } = useLoaded(() => (isOpen ? api.all('/api/v1/friends') : Promise.resolve(null)), [isOpen])
  if (!isOpen) return html`<button type="button" class="ghost" data-testid="bring" onClick=${() => open(true)}>${t('group.add')}</button>`
  const others = (friends ?? []).map((one) => one.user).filter((user) => !chat.members.some((member) => member.user_id === user.id))
  const bring = async () => {
    if (!(await ask(() => talk.bring(chat.id, chosen).then(() => true)))) return
    choose([])
    open(false)
  }
  if (friends && !others.length) return html`<p class="quiet">${t('group.all_in')}</p>`
  return html`<${FriendTicks} friends=${others} chosen=${chosen} onChange=${choose} />
    <button type="button" class="big" disabled=${busy || !chosen.length} data-testid="bring-yes" onClick=${bring}>${t('group.add')}</button>`
}
