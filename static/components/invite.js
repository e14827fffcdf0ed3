// How others come to the table: the code to say aloud, the QR code to show, the link to send.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import { Qr } from './qr.js'

export const joinLink = (code) => `${location.origin}/join/${code}`

/** For those who may know the code: nobody else may let others in. */
export function Invite({ session, compact }) {
  const [copied, setCopied] = useState(false)
  const [open, setOpen] = useState(!compact)
  if (session.code == null) return null
  const share = async () => {
    const url = joinLink(session.code)
    try {
      if (navigator.share) await navigator.share({ title: session.name, url })
      else await navigator.clipboard.writeText(url)
      setCopied(true)
    } catch { /* closed by the user, or not allowed: the link stands below as text */ }
  }
  return html`<div class="rows invite">
    <div class="code" data-testid="code" aria-label=${[...session.code].join(' ')}>${session.code}</div>
    ${open ? html`<${Qr} text=${joinLink(session.code)} /><p class="quiet link">${joinLink(session.code)}</p>
      <button type="button" class="text" onClick=${share}>${copied ? t('invite.sent') : t('invite.share')}</button>`
      : html`<button type="button" class="text" onClick=${() => setOpen(true)}>${t('invite.show_qr')}</button>`}
  </div>`
}
