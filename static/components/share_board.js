// A link for the TV over the table: read-only, it works without an account.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { useAsked } from './asked.js'
import { Problem } from './problem.js'

export function ShareBoard({ sessionId }) {
  const [token, setToken] = useState(null)
  const { ask, busy, error } = useAsked()
  if (token) {
    const path = `/board/${sessionId}?token=${encodeURIComponent(token)}`
    return html`<div class="rows board-link"><a href=${path} target="_blank" rel="noopener" data-testid="board-link">${t('board.open')}</a>
      <p class="quiet link">${location.origin}${path}</p></div>`
  }
  const share = async () => setToken((await ask(() => api.post(`/api/v1/sessions/${sessionId}/share`)))?.token ?? null)
  return html`<button type="button" class="ghost" disabled=${busy} data-testid="share-board" onClick=${share}>${t('board.share')}</button>
    <${Problem} error=${error} />`
}
