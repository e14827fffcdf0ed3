// How much is unread: a number to see, words to hear.
import { html } from '../html.js'
import { t } from '../i18n.js'

export function Badge({ n, testid = 'unread' }) {
  if (!n) return null
  return html`<span class="badge" data-testid=${testid}><span aria-hidden="true">${n > 99 ? '99+' : n}</span><span class="hidden">${t('chat.unread', { n })}</span></span>`
}
