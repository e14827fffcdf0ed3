// A button that fills the screen with the board; it is gone once it has.
import { html, useEffect, useState } from '../html.js'
import { t } from '../i18n.js'
import { Icon } from './icon.js'

export function FullScreen() {
  const [full, set] = useState(Boolean(document.fullscreenElement))
  useEffect(() => {
    const changed = () => set(Boolean(document.fullscreenElement))
    document.addEventListener('fullscreenchange', changed)
    return () => document.removeEventListener('fullscreenchange', changed)
  }, [])
  if (full || !document.fullscreenEnabled) return null
  const fill = () => document.documentElement.requestFullscreen().catch(() => {})
  return html`<button type="button" class="icon fill" aria-label=${t('board.full_screen')} title=${t('board.full_screen')} data-testid="full-screen" onClick=${fill}><${Icon} name="fill" /></button>`
}
