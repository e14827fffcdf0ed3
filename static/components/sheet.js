// A sheet from below for all that is not tapped during play; the platform's dialog keeps focus and Escape right.
import { html, useEffect, useRef, useState } from '../html.js'
import { t } from '../i18n.js'
import { BarButton } from './bar.js'

export function Sheet({ title, onClose, children, testid }) {
  const dialog = useRef(null)
  useEffect(() => {
    dialog.current.showModal()
  }, [])
  const outside = (event) => event.target === dialog.current && onClose()
  return html`<dialog ref=${dialog} class="dialog" aria-label=${title} data-testid=${testid} onClose=${onClose} onClick=${outside}>
    <div class="dialog-in">
      <header class="bar"><h2>${title}</h2><${BarButton} icon="close" label=${t('action.close')} onClick=${onClose} testid="close-sheet" /></header>
      ${children}
    </div>
  </dialog>`
}

/** A button that asks before it does what can't be taken back. */
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
