// The lower line of the screens outside a table.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { go } from '../router.js'
import { Icon } from './icon.js'

const TABS = [['lobby', '/', 'tables'], ['stats', '/stats', 'stats'], ['me', '/me', 'me']]

export function Tabs({ at }) {
  return html`<nav class="tabs" aria-label=${t('nav.main')}>
    ${TABS.map(([screen, path, icon]) => html`<button type="button" class=${at === screen ? 'on' : ''} aria-current=${at === screen ? 'page' : undefined}
      data-testid="tab-${screen}" onClick=${() => go(path)}><${Icon} name=${icon} size=${22} />${t(`nav.${screen}`)}</button>`)}
  </nav>`
}
