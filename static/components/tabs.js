// The lower line of the screens outside a table.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { chats } from '../page.js'
import { go } from '../router.js'
import { createStore, useStore } from '../store.js'
import { Badge } from './badge.js'
import { Icon } from './icon.js'

const TABS = [['lobby', '/', 'tables'], ['chats', '/chats', 'chat'], ['stats', '/stats', 'stats'], ['me', '/me', 'me']]

const none = createStore(0)

export function Tabs({ at }) {
  const unread = useStore(useStore(chats)?.unread ?? none)
  return html`<nav class="tabs" aria-label=${t('nav.main')}>
    ${TABS.map(([screen, path, icon]) => html`<button type="button" class=${at === screen ? 'on' : ''} aria-current=${at === screen ? 'page' : undefined}
      data-testid="tab-${screen}" onClick=${() => go(path)}><${Icon} name=${icon} size=${22} />${t(`nav.${screen}`)}${screen === 'chats' && html`<${Badge} n=${unread} testid="unread-all" />`}</button>`)}
  </nav>`
}
