// The sections of one tab, side by side below its title.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { go } from '../router.js'

const STATS = [['stats', '/stats'], ['leaderboard', '/leaderboard'], ['history', '/history'], ['achievements', '/achievements']]

export function StatsSections({ at }) {
  return html`<nav class="sections" aria-label=${t('nav.stats')}>
    ${STATS.map(([screen, path]) => html`<button type="button" key=${screen} class=${at === screen ? 'on' : ''} aria-current=${at === screen ? 'page' : undefined}
      data-testid="section-${screen}" onClick=${() => go(path, { replace: true })}>${t(`section.${screen}`)}</button>`)}
  </nav>`
}
