// The frame of one screen of settings: its title, the way back to myself, and what it loads.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { Banner } from './banner.js'
import { Bar } from './bar.js'
import { Failed } from './pages.js'
import { Tabs } from './tabs.js'

export function SettingsPage({ title, testid, loaded, children }) {
  return html`<main class="page" data-testid=${testid}>
    <${Bar} title=${title} back="/me" />
    <${Banner} />
    <div class="sheet form">
      ${loaded && !loaded.value && (loaded.error ? html`<${Failed} error=${loaded.error} onRetry=${loaded.retry} />` : html`<p class="quiet" role="status">${t('state.loading')}</p>`)}
      ${(!loaded || loaded.value) && children}
    </div>
    <${Tabs} at="me" />
  </main>`
}
