// A link for the TV over the table: read-only, it works without an account.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { useAsked } from './asked.js'
import { Problem } from './problem.js'

export function ShareBoard({ sessionId }) {
  const [url, setUrl] = useState(null)
  const { ask, busy, error } = useAsked()
  if (url) {
    // Whatever address others reach the server by, this browser reaches it by its own.
    return html`<div class="rows board-link"><a href=${new URL(url).pathname} target="_blank" rel="noopener" data-testid="board-link">${t('board.open')}</a>
      <p class="quiet link">${url}</p></div>`
  }
  const share = async () => setUrl((await ask(() => api.post(`/api/v1/sessions/${sessionId}/share`)))?.url ?? null)
  return html`<button type="button" class="ghost" disabled=${busy} data-testid="share-board" onClick=${share}>${t('board.share')}</button>
    <${Problem} error=${error} />`
}
