// One message: who said it, what, when, how far it got, and what may be done about it. All of it is text nodes.
import { html, useEffect, useRef, useState } from '../html.js'
import { clock, errorText, t } from '../i18n.js'
import { isEditable, isLeaving } from '../chat_state.js'
import { copy } from '../share.js'
import { Asking } from './asking.js'
import { Face } from './face.js'
import { Icon } from './icon.js'

const EXCERPT = 40

export function Message({ row, talk, chat, person, isDirect, mayDelete, isOpen, isEdited, onOpen, onEdit }) {
  const { own, message, item, state } = row
  const line = useRef(null)
  // The composer grows by a line above it.
  useEffect(() => { if (isEdited) line.current.scrollIntoView({ block: 'nearest' }) }, [isEdited])
  const deleted = message?.is_deleted
  const refused = state === 'refused'
  const leaves = isLeaving(row)
  const mayChange = onEdit && !isEdited && !refused && !deleted && !leaves && (own ? !item || item.type === 'message' : mayDelete)
  const classes = ['say', own ? 'own' : 'other', row.first && 'first', isDirect && 'direct', deleted && 'gone', leaves && 'leaving', isEdited && 'edited', refused && 'refused']
  return html`<li class=${classes.filter(Boolean).join(' ')} ref=${line} data-testid="message" data-number=${message?.number} data-state=${state}>
    ${!own && !isDirect && (row.first ? html`<${Face} name=${person.name} index=${person.index} />` : html`<span class="no-face"></span>`)}
    <div class="bubble">
      ${!own && row.first && !isDirect ? html`<b class="name tint-${person.index % 8}" data-testid="sender">${person.name}</b>` : html`<span class="hidden">${own ? t('participants.you_say') : person.name}: </span>`}
      <p class="words" dir="auto" data-testid="words">${deleted ? t('chat.deleted') : row.content}</p>
      <span class="meta">${!deleted && (message?.edited_at || item?.type === 'edit_message') && html`<span data-testid="edited">${t('chat.edited')}</span>`}
        <time datetime=${row.at}>${clock(row.at)}</time>${state && !deleted && html`<${Reach} state=${state} />`}</span>
    </div>
    ${mayChange && html`<button type="button" class="dots" aria-expanded=${String(isOpen)} aria-label=${t('chat.actions', { text: excerpt(row.content) })} title=${t('chat.actions_short')}
      data-testid="message-actions" onClick=${onOpen}><${Icon} name="more" size=${18} /></button>`}
    ${refused && html`<div class="why-not" role="alert" data-testid="message-refused"><span>${t('state.refused')}: ${errorText({ code: item.code })}</span>
      <span class="does"><button type="button" class="small" data-testid="message-again" onClick=${() => talk.again(item)}>${t('chat.again')}</button>
        <button type="button" class="small" data-testid="message-drop" onClick=${() => talk.takeBack(chat, row)}>${t('chat.drop')}</button></span></div>`}
    ${isOpen && mayChange && html`<${Actions} row=${row} onEdit=${own && isEditable(row, Date.now()) ? onEdit : null}
      onDelete=${() => { onOpen(); talk.takeBack(chat, row) }} />`}
  </li>`
}

function Actions({ row, onEdit, onDelete }) {
  const box = useRef(null)
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    box.current.scrollIntoView({ block: 'nearest' })
    box.current.querySelector('button')?.focus({ preventScroll: true })
  }, [])
  const toClipboard = async () => setCopied(await copy(row.content))
  return html`<div class="actions" role="group" aria-label=${t('chat.actions_short')} ref=${box}>
    ${onEdit && html`<button type="button" class="ghost" data-testid="message-edit" onClick=${onEdit}>${t('chat.edit')}</button>`}
    <button type="button" class="ghost" data-testid="message-copy" onClick=${toClipboard}>${t(copied ? 'chat.copied' : 'chat.copy')}</button>
    <${Asking} label=${t('chat.delete')} question=${t('chat.delete_ask')} yes=${t('chat.delete')} testid="message-delete" onYes=${onDelete} />
  </div>`
}

const MARKS = {
  pending: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3l2 1.5',
  sent: 'M4 8.5l3 3 6-7',
  delivered: 'M1.5 8.5l3 3 6-7M7.5 11l.5.5 6-7',
  read: 'M1.5 8.5l3 3 6-7M7.5 11l.5.5 6-7',
  refused: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v4M8 11v.01',
}

/** A clock, one tick, two, two in colour; the same in words. */
function Reach({ state }) {
  return html`<span class="reach ${state}" title=${t(`chat.state.${state}`)}><svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><path d=${MARKS[state]} /></svg>
    <span class="hidden" data-testid="reach">${t(`chat.state.${state}`)}</span></span>`
}

const excerpt = (text) => ([...text].length > EXCERPT ? `${[...text].slice(0, EXCERPT).join('')}…` : text)
