// Who marked what and when, newest first; every mark of every game can be taken back here.
import { html } from '../html.js'
import { clock, t } from '../i18n.js'
import { isMark, nameOf, voidedSeqs } from '../game_view.js'
import { Sheet } from './sheet.js'
import { MarkText } from './mark_text.js'

export function LogSheet({ view, pending, canUndo, onUndo, onClose }) {
  const { session, events } = view.state
  const voided = voidedSeqs(events)
  const undoing = new Set(pending.filter((i) => i.command.type === 'void_event').map((i) => i.command.seq))
  const numbers = new Map(events.filter((e) => e.type === 'game.started').map((e) => [e.game_id, e.data.number]))
  const fingerprint = events.at(-1)?.hash ?? session.fingerprint
  const lines = events.filter((e) => e.type !== 'game.event_voided').toReversed()
  return html`<${Sheet} title=${t('log.title')} onClose=${onClose} testid="log">
    ${!view.logComplete && html`<p class="quiet">${t('state.loading')}</p>`}
    ${view.logComplete && fingerprint && html`<p class="quiet" data-testid="fingerprint" title=${fingerprint}>${t('log.fingerprint', { n: view.state.seq, hash: inFours(fingerprint) })}</p>`}
    <ol class="log">
      ${lines.map((event) => html`<li key=${event.seq} class=${voided.has(event.seq) ? 'voided' : ''} data-testid="log-line" data-seq=${event.seq}>
        <span class="time">${clock(event.timestamp)}</span>
        <span class="line">${isMark(event) ? html`<${MarkText} event=${event} session=${session} />` : story(event, session, numbers)}
          <small>${author(event, session)}</small></span>
        ${state(event)}
      </li>`)}
    </ol>
  </${Sheet}>`

  function state(event) {
    if (voided.has(event.seq)) return html`<span class="quiet">${t('log.voided')}</span>`
    if (undoing.has(event.seq)) return html`<span class="quiet">${t('state.undoing')}</span>`
    if (!canUndo || !isMark(event)) return null
    return html`<button type="button" class="small" data-testid="log-undo" onClick=${() => onUndo(event.seq)}>${t('action.undo')}</button>`
  }
}

/** As much of it as two people compare by eye. */
const inFours = (hash) => hash.slice(0, 16).replace(/(.{4})(?=.)/g, '$1 ')

function story(event, session, numbers) {
  const { data } = event
  const name = data.display_name ?? data.creator_display_name ?? (data.participant_id ? nameOf(session, data.participant_id) : '')
  return html`<b>${t(`event.${event.type}`, { name, n: numbers.get(event.game_id) ?? '' })}</b>`
}

function author(event, session) {
  return event.actor?.participant_id ? t('log.by', { name: nameOf(session, event.actor.participant_id) }) : ''
}
