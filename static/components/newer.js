// A newer version of the page, to be taken now or later; between games, since it loads anew.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { newer, take } from '../installed.js'
import { useStore } from '../store.js'

export function Newer() {
  if (!useStore(newer)) return null
  return html`<div class="newer" role="status" data-testid="newer"><span>${t('newer.there')}</span>
    <button type="button" class="ghost" data-testid="take-newer" onClick=${take}>${t('newer.take')}</button></div>`
}
