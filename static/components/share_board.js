// A TV that waits for an evening, and links for a board and for a stream: read-only, they work without an account.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { useAsked } from './asked.js'
import { usePhoneOrigin } from './phone_origin.js'
import { Problem } from './problem.js'
import { TvForm } from './tv_form.js'

/** PURE: the path of a share's page; behind the `#`, which no server sees, the code that the board shows to join by. */
export function sharePath(kind, code, joinCode) {
  return kind === 'overlay' ? `/overlay/${code}` : `/board/${code}${joinCode ? `#${joinCode}` : ''}`
}

export function ShareBoard({ session }) {
  return html`<${TvForm} session=${session} /><${ShareLink} kind="board" session=${session} testid="share-board" /><${ShareLink} kind="overlay" session=${session} testid="share-overlay" />`
}

function ShareLink({ kind, session, testid }) {
  const [share, set] = useState(null)
  const { ask, busy, error } = useAsked()
  const origin = usePhoneOrigin()
  if (share) {
    const path = sharePath(kind, share.code, session.code)
    // Whatever address others reach the server by, this browser reaches it by its own.
    return html`<div class="rows board-link"><a href=${path} target="_blank" rel="noopener" data-testid=${kind === 'board' ? 'board-link' : 'overlay-link'}>${t(`${kind}.open`)}</a>
      <p class="quiet link">${(origin ?? location.origin) + path}</p>${kind === 'overlay' && html`<p class="quiet center">${t('overlay.hint')}</p>`}</div>`
  }
  const make = async () => set((await ask(() => api.post(`/api/v1/sessions/${session.id}/share`, { kind }))) ?? null)
  return html`<button type="button" class="ghost" disabled=${busy} data-testid=${testid} onClick=${make}>${t(`${kind}.share`)}</button>
    <${Problem} error=${error} />`
}
