// The last marks above the pad, newest lowest; where the screen is high and wide enough to have room for them.
import { html } from '../html.js'
import { clock, t } from '../i18n.js'
import { participantOf } from '../game_view.js'
import { MarkText, author } from './mark_text.js'

const SHOWN = 12

export function RecentMarks({ marks, session, me }) {
  const mine = participantOf(session, me.id)?.id
  // The strip below has the last one.
  const before = marks.slice(-SHOWN - 1, -1)
  return html`<ol class="recent" aria-label=${t('table.recent')} data-testid="recent">${before.map((event) => html`<li key=${event.seq}>
    <span class="time">${clock(event.timestamp)}</span><span class="mark-line"><${MarkText} event=${event} session=${session} size=${18} /></span>
    <small class="author">${event.actor?.participant_id === mine ? '' : author(event, session, me)}</small></li>`)}</ol>`
}
