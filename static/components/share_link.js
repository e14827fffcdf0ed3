// A link to pass on: to scan, to send, or to copy by hand where the browser can't.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import { lanCommand } from '../address.js'
import { share } from '../share.js'
import { ByHand } from './by_hand.js'
import { usePhoneOrigin } from './phone_origin.js'
import { Qr } from './qr.js'

/**
 * `path`: of this server, which phones may reach by another address than this page did; `evenLocal`: the link is of use on
 * this computer, too.
 */
export function ShareLink({ title, path, testid, evenLocal }) {
  const origin = usePhoneOrigin()
  if (origin === undefined) return null
  return origin === null ? html`<${LocalOnly} path=${evenLocal && path} testid=${testid} />` : html`<${Link} title=${title} url=${origin + path} testid=${testid} />`
}

function Link({ title, url, testid }) {
  const [done, set] = useState(null)
  const send = async () => set(await share({ title, url }))
  const words = { shared: 'invite.shared', copied: 'invite.sent' }[done] ?? (navigator.share ? 'invite.share' : 'invite.copy')
  return html`<${Qr} text=${url} /><p class="quiet link" data-testid=${testid}>${url}</p>
    <button type="button" class="text" data-testid="share-link" onClick=${send}>${t(words)}</button><span class="hidden" role="status">${done === 'shared' || done === 'copied' ? t(words) : ''}</span>
    ${done === 'failed' && html`<${ByHand} text=${url} />`}`
}

/** A QR code of an address that no phone can open would only waste an evening's first minute. */
export function LocalOnly({ path, testid }) {
  return html`<div class="local-only" data-testid="local-only"><p class="quiet">${t('invite.local')}</p>
    <code>${lanCommand(location.origin)}</code><p class="quiet">${t('invite.local_then')}</p>
    ${path && html`<p class="quiet link" data-testid=${testid}>${location.origin + path}</p>`}</div>`
}
