// What is said in one chat, and the place to say something; the same for a table and for two users.
import { html, useEffect, useMemo, useRef, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { chats } from '../page.js'
import { isLeaving, lastEditable, shown, typists } from '../chat_state.js'
import { useStore } from '../store.js'
import { Composer } from './composer.js'
import { MessageLog } from './message_log.js'
import { Problem } from './problem.js'

/** `people`: how users are called here and their shades; `mayDelete`: whatever was said; `focused`: the keyboard begins here. */
export function Conversation({ id, me, people = new Map(), mayDelete = false, focused = false, members, onClose }) {
  const talk = useStore(chats)
  return talk && html`<${Open} ...${{ talk, id, me, people, mayDelete, focused, members, onClose }} />`
}

function Open({ talk, id, me, people, mayDelete, focused, members, onClose }) {
  const state = useStore(talk.store(id))
  const items = useStore(talk.waiting).filter((item) => item.chat_id === id)
  const [editing, setEditing] = useState(null)
  useEffect(() => talk.hold(id), [id])
  // Whoever came to a table, or left it, came to its chat or left that.
  useEffect(() => { if (state.chat) talk.loadChat(id) }, [members, people.size])
  const lines = useMemo(() => shown(state, items), [state, items])
  const called = useNames(state, people, lines, me)
  const edited = useEdited(lines, editing)
  const submit = (text) => {
    if (edited) talk.edit(id, edited, text)
    else talk.say(id, text)
    setEditing(null)
  }
  const escape = () => (edited ? setEditing(null) : onClose?.())
  const writing = typists(state, Date.now()).map((user) => called(user).name)
  const isOver = Boolean(state.chat?.left_at)

  return html`<div class="talk" data-testid="conversation" data-chat=${id}>
    <${MessageLog} talk=${talk} state=${state} lines=${lines} called=${called} mayDelete=${mayDelete && !isOver} focused=${focused} editing=${editing}
      onEdit=${isOver ? null : setEditing} onEscape=${onClose} />
    <${Problem} error=${state.error} />
    <p class="writing" data-testid="typing">${writing.length === 1 ? t('chat.typing', { name: writing[0] }) : writing.length > 1 ? t('chat.typing_several', { n: writing.length }) : ''}</p>
    ${isOver ? html`<p class="foot quiet center" data-testid="chat-over">${t('chat.over')}</p>`
      : html`<${Composer} key=${edited?.key ?? 'new'} text=${edited ? edited.content : talk.draft(id)} editing=${Boolean(edited)} focused=${focused || edited != null}
        onText=${(text) => { if (!edited) talk.keepDraft(id, text) }} onTyping=${() => talk.typing(id)} onSubmit=${submit} onEscape=${escape}
        onLast=${() => setEditing(lastEditable(lines, Date.now())?.key ?? null)} />`}
  </div>`
}

/** The line that is being said otherwise; `null` once it was taken back. */
function useEdited(lines, key) {
  const last = useRef(null)
  const found = lines.find((line) => line.key === key)
  if (found) last.current = found
  // It is on no page for a while where the last one is loaded anew.
  const line = last.current?.key === key ? last.current : null
  return line && !line.message?.is_deleted && !isLeaving(line) ? line : null
}

/** Names by user: as the table or the chat has them, or asked for, of those who left. */
function useNames(state, people, lines, me) {
  const [asked, setAsked] = useState({})
  const members = state.chat?.members ?? []
  const known = (user) => people.get(user) ?? members.find((member) => member.user_id === user) ?? (user === me.id ? me : null)
  const unknown = [...new Set(lines.filter((line) => line.message).map((line) => line.message.sender_id))].find((user) => !known(user) && !(user in asked))
  useEffect(() => {
    if (!unknown || !state.chat) return
    api.get(`/api/v1/users/${unknown}`).then((user) => user.display_name, () => '').then((name) => setAsked((all) => ({ ...all, [unknown]: name })))
  }, [unknown, Boolean(state.chat)])
  return (user) => {
    const found = known(user)
    const at = members.findIndex((member) => member.user_id === user)
    const name = found?.name ?? found?.display_name ?? asked[user]
    return { name: name === undefined ? '…' : name || t('chat.somebody'), index: found?.index ?? Math.max(0, at) }
  }
}
