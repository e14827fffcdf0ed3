// Where something is written: Enter sends, Shift and Enter begin a new line, Escape gives up, the arrow up takes the last
// own message again. It works without a link, too.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../html.js'
import { t } from '../i18n.js'
import { isSayable, left } from '../chat_text.js'
import { Icon } from './icon.js'
import { finePointer } from './message_log.js'

export function Composer({ text: initial, editing, focused, onText, onTyping, onSubmit, onEscape, onLast }) {
  const [text, setText] = useState(initial)
  const field = useRef(null)
  const rest = left(text)
  const ready = isSayable(text)
  useLayoutEffect(() => {
    const box = field.current
    box.style.height = 'auto'
    box.style.height = `${box.scrollHeight + 2}px`
  }, [text])
  useEffect(() => {
    if (!editing && !(focused && finePointer())) return
    field.current.focus({ preventScroll: true })
    field.current.setSelectionRange(text.length, text.length)
  }, [])
  const change = (value) => {
    setText(value)
    onText(value)
    if (value.trim() && !editing) onTyping()
  }
  const submit = (event) => {
    event?.preventDefault()
    if (!ready) return
    onSubmit(text)
    setText('')
    onText('')
    field.current.focus({ preventScroll: true })
  }
  const keys = (event) => {
    if (event.isComposing) return
    if (event.key === 'Enter' && !event.shiftKey) submit(event)
    else if (event.key === 'ArrowUp' && text === '' && !editing) { event.preventDefault(); onLast() }
    else if (event.key === 'Escape') { event.preventDefault(); event.stopPropagation(); onEscape() }
  }
  return html`<form class="composer" onSubmit=${submit}>
    ${editing && html`<div class="editing"><span role="status">${t('chat.editing')}</span>
      <button type="button" class="text" data-testid="edit-cancel" onClick=${onEscape}>${t('chat.edit_cancel')}</button></div>`}
    <div class="writes"><textarea rows="1" ref=${field} value=${text} aria-label=${t('chat.message')} placeholder=${t('chat.message')} enterkeyhint="send" autofocus=${focused && finePointer()}
      aria-invalid=${rest != null && rest < 0 ? 'true' : undefined} aria-describedby=${rest != null ? 'chars-left' : undefined} data-testid="chat-input"
      onInput=${(e) => change(e.target.value)} onKeyDown=${keys}></textarea>
    <button type="submit" class="send" disabled=${!ready} aria-label=${t(editing ? 'action.save' : 'chat.send')} title=${t(editing ? 'action.save' : 'chat.send')} data-testid="chat-send"><${Icon} name=${editing ? 'check' : 'send'} /></button></div>
    ${rest != null && html`<p id="chars-left" class="chars${rest < 0 ? ' over' : ''}" role="status" data-testid="chars-left">${rest < 0 ? t('chat.too_long', { n: -rest }) : t('chat.left', { n: rest })}</p>`}
  </form>`
}
