// A button that asks before it does what can't be taken back.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'

export function Asking({ label, question, yes, onYes, testid, danger = true }) {
  const [asking, ask] = useState(false)
  if (!asking) {
    return html`<button type="button" class="ghost${danger ? ' danger' : ''}" data-testid=${testid} onClick=${() => ask(true)}>${label}</button>`
  }
  return html`<div class="asking" role="alertdialog" aria-label=${question}>
    <p>${question}</p>
    <div class="two">
      <button type="button" class="ghost" onClick=${() => ask(false)}>${t('action.no')}</button>
      <button type="button" class="big${danger ? ' danger' : ''}" data-testid="${testid}-yes" onClick=${onYes}>${yes}</button>
    </div>
  </div>`
}
