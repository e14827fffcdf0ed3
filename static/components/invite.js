// How others come to the table: the code to say aloud, the QR code to show, the link to send.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import { ShareLink } from './share_link.js'

/** For those who may know the code: nobody else may let others in. */
export function Invite({ session, compact }) {
  const [open, setOpen] = useState(!compact)
  const { code } = session
  if (code == null) return null
  return html`<div class="rows invite">
    <div class="code" data-testid="code" aria-label=${[...code].join(' ')}>${code}</div>
    ${!open && html`<button type="button" class="text" data-testid="show-qr" onClick=${() => setOpen(true)}>${t('invite.show_qr')}</button>`}
    ${open && html`<${ShareLink} title=${session.name} path="/join/${code}" testid="join-link" />`}
  </div>`
}
