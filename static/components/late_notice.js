// Says openly that a correction made after a game, or after the evening, moved money that everybody had seen.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { lateMoves } from '../evening_view.js'
import { lateCorrections, nameOf } from '../game_view.js'

export function LateNotice({ events, session }) {
  const afterEvening = session.status === 'completed'
  const moves = lateMoves(events, { afterEvening })
  const count = afterEvening ? lateCorrections(events).length : moves.length
  if (!count) return null
  const { currency } = session.rules
  return html`<details class="note late" data-testid="late"><summary><span role="status">${t(afterEvening ? 'evening.late' : 'late.games', { n: count })}</span></summary>
    ${moves.map((move) => html`<p key=${move.game_id} data-testid="late-game"><b>${t('game.number', { n: move.number })}</b>
      ${move.changes.map((c) => html`<span class="late-line"><span class="name">${nameOf(session, c.participant_id)}</span><span class="m">${gain(c.before, currency)} → <b>${gain(c.after, currency)}</b></span></span>`)}</p>`)}
    ${afterEvening && count > moves.length && html`<p class="quiet">${t('late.log')}</p>`}
  </details>`
}
