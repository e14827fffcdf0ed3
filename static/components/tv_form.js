// Sends an evening to a TV by the code that it shows.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { useAsked } from './asked.js'
import { Field } from './choice.js'
import { usePhoneOrigin } from './phone_origin.js'
import { Problem } from './problem.js'

/** Shows a session on the TV of a code; fails with `display_not_found` where no TV shows it. */
export async function showOnTv(session, code) {
  try {
    // Who sees the table's own code may show it there.
    await api.post(`/api/v1/sessions/${session.id}/displays`, { code, ...(session.code ? { join_code: session.code } : {}) })
  } catch (error) {
    throw error.code === 'not_found' ? new api.ApiError(404, 'display_not_found') : error
  }
}

export function TvForm({ session }) {
  const [code, set] = useState('')
  const [open, show] = useState(false)
  const [done, end] = useState(false)
  const { ask, busy, error } = useAsked()
  const origin = usePhoneOrigin()
  if (!open) return html`<button type="button" class="ghost" data-testid="tv-open" onClick=${() => show(true)}>${t('tv.show')}</button>`
  if (done) return html`<p class="quiet center" role="status" data-testid="tv-done">${t('tv.done')}</p>`
  const send = async (event) => {
    event.preventDefault()
    if (await ask(async () => { await showOnTv(session, code); return true })) end(true)
  }
  return html`<form class="form tv-form" onSubmit=${send}>
    <p class="quiet">${t('tv.how', { address: `${(origin ?? location.origin).replace(/^https?:\/\//, '')}/tv` })}</p>
    <${Field} label=${t('tv.code')} autocapitalize="characters" autocomplete="off" maxlength="8" value=${code} data-testid="tv-code-input" onInput=${(e) => set(e.target.value)} />
    <button type="submit" class="ghost" disabled=${busy || code.trim().length < 6} data-testid="tv-send">${t('tv.send')}</button>
    <${Problem} error=${error} />
  </form>`
}
