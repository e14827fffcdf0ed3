// Who marked what and when, newest first; every mark of every game can be taken back here, or given to another player.
import { html, useState } from '../html.js'
import { clock, t } from '../i18n.js'
import { isMark, movedMarks, nameOf, voidedSeqs } from '../game_view.js'
import { Icon } from './icon.js'
import { Sheet } from './sheet.js'
import { MarkText } from './mark_text.js'

export function LogSheet({ view, pending, canUndo, onCommand, onClose }) {
  const { session, events, games } = view.state
  const [moving, move] = useState(null)
  const voided = voidedSeqs(events)
  const moved = movedMarks(events)
  const changing = new Set(pending.filter((i) => ['void_event', 'reassign_event'].includes(i.command.type)).map((i) => i.command.seq))
  const orders = new Map([...games, session.current_game].filter((game) => game && game.status !== 'cancelled').map((game) => [game.id, game.order]))
  const numbers = new Map(events.filter((e) => e.type === 'game.started').map((e) => [e.game_id, e.data.number]))
  const fingerprint = events.at(-1)?.hash ?? session.fingerprint
  const lines = events.filter((e) => e.type !== 'game.event_voided').toReversed()
  return html`<${Sheet} title=${t('log.title')} onClose=${onClose} testid="log">
    ${!view.logComplete && html`<p class="quiet">${t('state.loading')}</p>`}
    ${view.logComplete && fingerprint && html`<p class="quiet" data-testid="fingerprint" title=${fingerprint}>${t('log.fingerprint', { n: view.state.seq, hash: inFours(fingerprint) })}</p>`}
    <ol class="log">
      ${lines.map((event) => html`<li key=${event.seq} class=${voided.has(event.seq) ? 'voided' : ''} data-testid="log-line" data-seq=${event.seq}>
        <span class="time">${clock(event.timestamp)}</span>
        <span class="line">${isMark(event) ? html`<${MarkText} event=${owned(event)} session=${session} />` : story(event, session, numbers)}
          <small>${author(event, session)}</small></span>
        ${state(event)}
        ${moving === event.seq && owners(event)}
      </li>`)}
    </ol>
  </${Sheet}>`

  function state(event) {
    if (voided.has(event.seq)) return html`<span class="quiet">${t('log.voided')}</span>`
    if (changing.has(event.seq)) return html`<span class="quiet">${t('state.undoing')}</span>`
    if (!canUndo || !orders.has(event.game_id) || !(isMark(event) || event.type === 'game.event_reassigned')) return null
    return html`<span class="does">${isMark(event) && html`<button type="button" class="small" aria-expanded=${moving === event.seq} aria-label=${t('log.move')} title=${t('log.move')}
        data-testid="log-move" onClick=${() => move(moving === event.seq ? null : event.seq)}>⇄</button>`}
      <button type="button" class="small" aria-label=${t('action.undo')} title=${t('action.undo')} data-testid="log-undo" onClick=${() => onCommand({ type: 'void_event', seq: event.seq })}><${Icon} name="undo" /></button></span>`
  }

  /** As the mark of whose it is now. */
  function owned(event) {
    return moved.has(event.seq) ? { ...event, data: { ...event.data, participant_id: moved.get(event.seq) } } : event
  }

  /** Whose else it may have been. */
  function owners(event) {
    const others = (orders.get(event.game_id) ?? []).filter((id) => id !== owned(event).data.participant_id)
    return html`<span class="owners" role="group" aria-label=${t('log.move')}>${others.map((id) => html`<button type="button" class="small" key=${id}
      data-testid="log-move-to" onClick=${() => { onCommand({ type: 'reassign_event', seq: event.seq, participant_id: id }); move(null) }}>${nameOf(session, id)}</button>`)}</span>`
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
