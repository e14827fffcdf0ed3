// My numbers over all evenings.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Bell } from '../components/bell.js'
import { Numbers } from '../components/numbers.js'
import { StatsSections } from '../components/section_tabs.js'
import { Tabs } from '../components/tabs.js'

export function Stats({ me }) {
  return html`<main class="page roomy" data-testid="stats">
    <${Bar} title=${t('nav.stats')} sub=${me.display_name || me.username}><${Bell} /></${Bar}>
    <${Banner} />
    <${StatsSections} at="stats" />
    <div class="sheet"><${Numbers} userId=${me.id} isMine /></div>
    <${Tabs} at="stats" />
  </main>`
}
