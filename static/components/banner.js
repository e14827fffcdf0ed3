// Says honestly that the link is down, and how many marks wait on the phone.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { useStore } from '../store.js'
import { link, waiting } from '../page.js'

export function Banner() {
  const status = useStore(link)
  const kept = useStore(waiting).filter((item) => item.state !== 'refused').length
  if (status === 'online') return null
  if (status === 'connecting' && !kept) return null
  return html`<div class="offline" role="status" data-testid="banner">
    ${kept ? t('banner.kept', { n: kept }) : t('banner.offline')}
  </div>`
}
