// A button that asks before it does what can't be taken back.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'

/** What it asks may come up below the screen, or behind what sticks to its lower edge. */
const intoView = (box) => box?.scrollIntoView({ block: 'center' })

export function Asking({ label, question, yes, onYes, testid, danger = true }) {
  const [asking, ask] = useState(false)
  if (!asking) {
    return html`<button type="button" class="ghost${danger ? ' danger' : ''}" data-testid=${testid} onClick=${() => ask(true)}>${label}</button>`
  }
  const yesDo = () => {
    ask(false)
    onYes()
  }
  return html`<div class="asking" ref=${intoView} role="alertdialog" aria-label=${question}>
    <p>${question}</p>
    <div class="two">
      <button type="button" class="ghost" onClick=${() => ask(false)}>${t('action.no')}</button>
      <button type="button" class="big${danger ? ' danger' : ''}" data-testid="${testid}-yes" onClick=${yesDo}>${yes}</button>
    </div>
  </div>`
}
