// Always there: the last mark, who made it and its state (taken, on its way, refused with the reason), and the way to take
// it back, or to bring back what was taken.
import { html } from '../html.js'
import { errorText, t } from '../i18n.js'
import { link } from '../page.js'
import { useStore } from '../store.js'
import { Icon } from './icon.js'
import { MarkText, asEvent, author, markSentence } from './mark_text.js'

export function UndoStrip({ session, me, last, undone, pending, refused, onUndo, onRedo, onTakeBack, onOpen, canUndo }) {
  if (refused[0]) return html`<${Refused} item=${refused[0]} session=${session} onTakeBack=${onTakeBack} />`
  if (pending.length > 0) return html`<${Pending} item=${pending.at(-1)} session=${session} onTakeBack=${onTakeBack} />`
  const redo = canUndo && undone && html`<${Redo} event=${undone} session=${session} onRedo=${onRedo} />`
  if (!last) return html`<div class="undo"><span class="line quiet">${t('table.no_marks')}</span>${redo}</div>`
  const isTwice = last.data.echo_of != null
  const words = html`<span class="mark-line"><${MarkText} event=${last} session=${session} /></span>
    ${isTwice ? html`<span class="reason" role="status" data-testid="echo">${t('echo.ask')}</span>`
      : html`<small class="author" data-testid="author">${author(last, session, me)}</small>`}`
  return html`<div class="undo${isTwice ? ' twice' : ''}" data-testid="last-mark">
    ${canUndo ? html`<button type="button" class="what" data-testid="mark-open" title=${t('mark.title')} onClick=${onOpen}>${words}</button>` : html`<span class="what">${words}</span>`}
    ${redo}
    ${canUndo && html`<button type="button" class="act" data-testid="undo" aria-label="${t('action.undo')}: ${markSentence(last, session)}" onClick=${() => onUndo(last.seq)}>${t('action.undo')}</button>`}
  </div>`
}

function Redo({ event, session, onRedo }) {
  const label = t('mark.redo', { mark: markSentence(event, session) })
  return html`<button type="button" class="act redo" data-testid="redo" aria-label=${label} title=${label} onClick=${() => onRedo(event)}><${Icon} name="redo" /></button>`
}

function Refused({ item, session, onTakeBack }) {
  return html`<div class="undo refused" role="alert" data-testid="refused" key=${item.id}>
    <span class="what"><span class="mark-line"><${MarkText} event=${asEvent(item.command, session.rules)} session=${session} /></span>
      <span class="reason">${t('state.refused')}: ${errorText(item)}</span></span>
    <button type="button" class="act" data-testid="dismiss" onClick=${() => onTakeBack(item.id)}>${t('action.ok')}</button>
  </div>`
}

function Pending({ item, session, onTakeBack }) {
  const online = useStore(link) === 'online'
  const state = item.undo ? 'state.undoing' : online ? 'state.pending' : 'mark.waits'
  return html`<div class="undo waiting" data-testid="pending">
    <span class="what"><span class="mark-line"><${Icon} name="clock" /><${MarkText} event=${asEvent(item.command, session.rules)} session=${session} /></span>
      <small class="author">${t(state)}</small></span>
    ${!item.undo && html`<button type="button" class="act" data-testid="undo" onClick=${() => onTakeBack(item.id)}>${t('action.undo')}</button>`}
  </div>`
}
