// The way to what the user was told, with how much of it is unread.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { notices } from '../page.js'
import { go } from '../router.js'
import { createStore, useStore } from '../store.js'
import { Icon } from './icon.js'

const none = createStore(0)

export function Bell() {
  const n = useStore(useStore(notices)?.unread ?? none)
  return html`<button type="button" class="icon" title=${t('notices.title')} data-testid="bell" onClick=${() => go('/notifications')}>
    <${Icon} name="bell" /><span class="hidden">${t('notices.title')}</span>
    <span role="status">${n > 0 && html`<span class="badge" data-testid="bell-badge"><span aria-hidden="true">${n > 99 ? '99+' : n}</span><span class="hidden">${t('notices.unread', { n })}</span></span>`}</span>
  </button>`
}
