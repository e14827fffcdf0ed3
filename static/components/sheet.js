// A sheet from below for all that is not tapped during play; the platform's dialog keeps focus and Escape right.
import { html, useEffect, useRef } from '../html.js'
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
