// Messages that could not be applied: looked at, sent again or discarded, one or many at once.
import { html, useState } from '../html.js'
import { clock, day, t } from '../i18n.js'
import * as api from '../api.js'
import { forEachOf } from '../admin_view.js'
import { useAsked } from './asked.js'
import { Asking } from './asking.js'
import { useLoaded } from './loaded.js'
import { Problem } from './problem.js'

const path = (id) => `/api/v1/admin/dead-letters/${id}`

export function AdminDeadLetters() {
  const [age, grow] = useState(0)
  const [chosen, choose] = useState(new Set())
  const { value: letters, error } = useLoaded(() => api.all('/api/v1/admin/dead-letters'), [age])
  const work = useAsked()
  const ids = (letters ?? []).map((letter) => letter.id)
  const picked = ids.filter((id) => chosen.has(id))
  const toggle = (id) => choose((was) => { const next = new Set(was); if (!next.delete(id)) next.add(id); return next })
  const all = (what) => work.ask(async () => {
    const failed = await forEachOf(picked, what)
    choose(new Set(failed.map((f) => f.id)))
    grow(age + 1)
    if (failed.length) throw failed[0].error
  })
  return html`<${Problem} error=${work.error ?? error} />
    ${!letters && !error && html`<p class="quiet">${t('state.loading')}</p>`}
    ${letters?.length === 0 && html`<p class="note" data-testid="no-letters">${t('admin.no_letters')}</p>`}
    <div class="two"><button type="button" class="ghost" data-testid="letters-reload" onClick=${() => grow(age + 1)}>${t('admin.reload')}</button>
      ${ids.length > 0 && html`<button type="button" class="ghost" data-testid="letters-all" onClick=${() => choose(picked.length === ids.length ? new Set() : new Set(ids))}>${t(picked.length === ids.length ? 'admin.none' : 'admin.all')}</button>`}</div>
    ${picked.length > 0 && html`<div class="two" data-testid="letters-actions">
      <button type="button" class="big" disabled=${work.busy} data-testid="letters-replay" onClick=${() => all((id) => api.post(`${path(id)}/replay`))}>${t('admin.replay', { n: picked.length })}</button>
      <${Asking} label=${t('admin.discard', { n: picked.length })} question=${t('admin.discard_ask', { n: picked.length })} yes=${t('admin.discard', { n: picked.length })} testid="letters-discard" onYes=${() => all((id) => api.remove(path(id)))} /></div>`}
    ${letters?.length > 0 && html`<div class="rows">${letters.map((letter) => html`<${Letter} key=${letter.id} letter=${letter} on=${chosen.has(letter.id)} onToggle=${() => toggle(letter.id)} />`)}</div>`}`
}

function Letter({ letter, on, onToggle }) {
  return html`<div class="dead-letter" data-testid="letter">
    <label><input type="checkbox" checked=${on} aria-label=${t('admin.choose', { name: letter.routing_key })} data-testid="letter-choose" onChange=${onToggle} />
      <span class="who"><b class="name">${letter.routing_key}</b><span class="quiet">${letter.queue} · ${day(letter.failed_at)}, ${clock(letter.failed_at)} · ${t('admin.attempts', { n: letter.attempts })}</span></span></label>
    <details><summary data-testid="letter-look">${letter.reason}</summary><pre tabindex="0">${JSON.stringify(letter.envelope, null, 2)}</pre></details>
  </div>`
}
