// Always there: the last mark, its state (taken, on its way, refused with the reason), and the way to take it back.
import { html } from '../html.js'
import { errorText, t } from '../i18n.js'
import { Icon } from './icon.js'
import { MarkText, asEvent } from './mark_text.js'

export function UndoStrip({ session, last, pending, refused, onUndo, onTakeBack, canUndo }) {
  const no = refused[0]
  if (no) {
    return html`<div class="undo refused" role="alert" data-testid="refused" key=${no.id}>
      <span class="two-lines"><span><${MarkText} event=${asEvent(no.command, session.rules)} session=${session} /></span>
        <span class="reason">${t('state.refused')}: ${errorText(no)}</span></span>
      <button type="button" data-testid="dismiss" onClick=${() => onTakeBack(no.id)}>${t('action.ok')}</button>
    </div>`
  }
  const item = pending.at(-1)
  if (item) {
    return html`<div class="undo waiting" data-testid="pending">
      <${Icon} name="clock" /><span class="line"><${MarkText} event=${asEvent(item.command, session.rules)} session=${session} /></span>
      ${item.undo ? html`<span class="quiet">${t('state.undoing')}</span>`
        : html`<button type="button" data-testid="undo" onClick=${() => onTakeBack(item.id)}>${t('action.undo')}</button>`}
    </div>`
  }
  if (!last) return html`<div class="undo"><span class="line quiet">${t('table.no_marks')}</span></div>`
  const twice = last.data.echo_of != null
  return html`<div class="undo${twice ? ' twice' : ''}" data-testid="last-mark">
    <span class=${twice ? 'two-lines' : 'line'}><span><${MarkText} event=${last} session=${session} /></span>
      ${twice && html`<span class="reason" role="status" data-testid="echo">${t('echo.ask')}</span>`}</span>
    ${canUndo && html`<button type="button" data-testid="undo" onClick=${() => onUndo(last.seq)}>${t('action.undo')}</button>`}
  </div>`
}
