// Whether what is shown is what is: green while the page hears the server, a hollow amber ring while it does not.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { link } from '../page.js'
import { useStore } from '../store.js'

export function LiveDot() {
  const online = useStore(link) === 'online'
  return html`<span class="dot${online ? '' : ' off'}" data-testid="live-dot" data-online=${online} role="img" aria-label=${t(online ? 'live.on' : 'live.off')} title=${t(online ? 'live.on' : 'live.off')}></span>`
}
