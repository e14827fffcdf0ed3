// Says honestly that the link is down, and how many marks or messages wait on the phone.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { createStore, useStore } from '../store.js'
import { chats, link, waiting } from '../page.js'

const none = createStore([])

export function Banner() {
  const status = useStore(link)
  const kept = useStore(waiting).filter((item) => item.state !== 'refused').length
  const unsaid = useStore(useStore(chats)?.waiting ?? none).filter((item) => item.state !== 'refused').length
  if (status === 'online') return null
  if (status === 'connecting' && !kept && !unsaid) return null
  return html`<div class="offline" role="status" data-testid="banner">
    ${kept ? t('banner.kept', { n: kept }) : unsaid ? t('banner.unsaid', { n: unsaid }) : t('banner.offline')}
  </div>`
}
