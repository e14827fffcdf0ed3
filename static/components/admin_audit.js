// Who caused what, the newest first: all of it, or that of one request, one session, one user.
import { html, useState } from '../html.js'
import { clock, day, has, t } from '../i18n.js'
import * as api from '../api.js'
import { namesIn, newestFirst } from '../admin_view.js'
import { isMark } from '../game_view.js'
import { Field, Select, named } from './choice.js'
import { useLoaded } from './loaded.js'
import { weight, what } from './mark_text.js'
import { Problem } from './problem.js'

const BY = ['session_id', 'user_id', 'correlation_id']
const SHOWN = 100

/** PURE: a filter in the address. */
export function askedBy(search) {
  const asked = new URLSearchParams(search)
  const by = BY.find((name) => asked.get(name))
  return { by: by ?? BY[0], id: by ? asked.get(by) : '' }
}

/** What happened, in words where the table has them; messages between parts of the server go by their identifier alone. */
export function happened({ event_type: type, game_id: game, data }, names) {
  const who = data?.display_name ?? names.get(data?.participant_id) ?? '…'
  if (isMark({ type })) return `${who} · ${what({ type, data })} ${weight({ type, data })}`.trim()
  if (type === 'game.event_voided') return t('command.void_event')
  const name = type === 'session.created' ? data.name : who
  return has(`event.${type}`) ? t(`event.${type}`, { name, n: names.get(game) ?? '' }).replace(/\s+/g, ' ') : null
}

export function AdminAudit() {
  const [draft, set] = useState(() => askedBy(location.search))
  const [filter, ask] = useState(draft)
  const [shown, more] = useState(SHOWN)
  const { value, error } = useLoaded(() => newestFirst(api.get, filter), [filter])
  const follow = (by, id) => { const next = { by, id }; set(next); ask(next); more(SHOWN) }
  const names = namesIn(value?.items ?? [])
  const search = (event) => { event.preventDefault(); follow(draft.by, draft.id) }
  return html`<form class="form audit-form" onSubmit=${search}>
      <${Select} label=${t('admin.audit_by')} value=${draft.by} options=${named('admin.by', BY)} onChange=${(by) => set({ ...draft, by })} />
      <${Field} label=${t('admin.audit_id')} maxlength="64" value=${draft.id} data-testid="audit-id" onInput=${(e) => set({ ...draft, id: e.target.value })} />
      <button type="submit" class="ghost" data-testid="audit-search">${t('admin.audit_search')}</button>
    </form>
    <${Problem} error=${error} />
    ${!value && !error && html`<p class="quiet">${t('state.loading')}</p>`}
    ${value?.cut && html`<p class="problem" role="status">${t('admin.audit_cut')}</p>`}
    ${value?.items.length === 0 && html`<p class="quiet" data-testid="audit-none">${t('admin.audit_none')}</p>`}
    <ol class="audit">${(value?.items ?? []).slice(0, shown).map((entry) => html`<li class="rows" key=${entry.event_id} data-testid="audit-line"><details><summary><span class="who"><${Line} entry=${entry} words=${happened(entry, names)} /></span></summary>
        <div class="audit-more">${BY.filter((by) => entry[by]).map((by) => html`<button type="button" class="small" data-testid="audit-${by}" onClick=${() => follow(by, entry[by])}>${t(`admin.by.${by}`)}</button>`)}</div>
        <pre tabindex="0">${JSON.stringify(entry, null, 2)}</pre></details></li>`)}</ol>
    ${value && value.items.length > shown && html`<button type="button" class="ghost" data-testid="audit-more" onClick=${() => more(shown + SHOWN)}>${t('admin.more', { n: value.items.length - shown })}</button>`}`
}

function Line({ entry, words }) {
  const at = `${day(entry.timestamp)}, ${clock(entry.timestamp)} · ${entry.source_service}`
  return html`<b class="name">${words ?? entry.event_type}</b><span class="sub">${words ? `${entry.event_type} · ` : ''}${at}</span>`
}
