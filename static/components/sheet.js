// A sheet from below for all that is not tapped during play; the platform's dialog keeps focus and Escape
// right, and Back closes it.
import { html, useEffect, useRef } from '../html.js'
import { t } from '../i18n.js'
import { sheetOpened } from '../sheet_history.js'
import { BarButton } from './bar.js'

export function Sheet({ title, onClose, children, testid, tall }) {
  const dialog = useRef(null)
  const close = useRef(onClose)
  close.current = onClose
  useEffect(() => sheetOpened(() => close.current()), [])
  useEffect(() => {
    const opener = document.activeElement
    dialog.current.showModal()
    // The platform gives the keyboard back when a dialog closes, not when it is taken away.
    return () => { if (opener?.isConnected) opener.focus({ preventScroll: true }) }
  }, [])
  const outside = (event) => event.target === dialog.current && onClose()
  return html`<dialog ref=${dialog} class="dialog${tall ? ' tall' : ''}" aria-label=${title} data-testid=${testid} onClose=${onClose} onClick=${outside}>
    <div class="dialog-in">
      <header class="bar"><h2>${title}</h2><${BarButton} icon="close" label=${t('action.close')} onClick=${onClose} testid="close-sheet" /></header>
      ${children}
    </div>
  </dialog>`
}
