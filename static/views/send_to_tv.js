// A phone that has scanned a TV's code: which of its evenings the TV shows.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { participantOf } from '../game_view.js'
import { go } from '../router.js'
import { useAsked } from '../components/asked.js'
import { Bar } from '../components/bar.js'
import { halves } from '../components/display_code.js'
import { useLoaded } from '../components/loaded.js'
import { Problem } from '../components/problem.js'
import { showOnTv } from '../components/tv_form.js'

const RUNNING = new Set(['waiting', 'in_progress'])

export function SendToTv({ code, me }) {
  const { value, error } = useLoaded(() => api.get('/api/v1/sessions?scope=mine&limit=50'), [])
  const [shown, show] = useState(null)
  const asked = useAsked()
  const running = (value?.items ?? []).filter((s) => RUNNING.has(s.status) && participantOf(s, me.id)?.left_at == null)
  const send = async (session) => {
    // Only the session itself tells its code, and not to everybody.
    const sent = await asked.ask(async () => { await showOnTv(await api.get(`/api/v1/sessions/${session.id}`), code); return true })
    if (sent) show(session)
  }
  return html`<main class="page" data-testid="send-to-tv"><${Bar} title=${t('tv.which')} sub=${halves(code)} back="/" />
    <div class="sheet">
      <${Problem} error=${error ?? asked.error} />
      ${shown && html`<p class="quiet center" role="status" data-testid="tv-done">${t('tv.done')}</p>
        <button type="button" class="big" onClick=${() => go(`/s/${shown.id}`)}>${t('tv.to_table')}</button>`}
      ${!shown && running.map((session) => html`<button type="button" class="big" key=${session.id} disabled=${asked.busy} data-testid="tv-session" onClick=${() => send(session)}>${session.name}</button>`)}
      ${!shown && value && running.length === 0 && html`<p class="quiet center" data-testid="tv-none">${t('tv.none')}</p>
        <button type="button" class="big" onClick=${() => go('/new')}>${t('welcome.start')}</button>`}
    </div></main>`
}
