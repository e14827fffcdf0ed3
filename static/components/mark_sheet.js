// One mark that is not as it should be: whose it was, or away with it.
import { html } from '../html.js'
import { clock, t } from '../i18n.js'
import { nameOf } from '../game_view.js'
import { Face } from './face.js'
import { MarkText, author } from './mark_text.js'
import { Sheet } from './sheet.js'

export function MarkSheet({ event, order, session, me, onCommand, onClose }) {
  const others = order.filter((id) => id !== event.data.participant_id)
  const does = (command) => {
    onCommand({ seq: event.seq, ...command })
    onClose()
  }
  return html`<${Sheet} title=${t('mark.title')} onClose=${onClose} testid="mark-sheet">
    <p class="mark-line"><${MarkText} event=${event} session=${session} size=${28} /></p>
    <p class="quiet">${[author(event, session, me), clock(event.timestamp)].filter(Boolean).join(' · ')}</p>
    <h3 class="h">${t('mark.whose')}</h3>
    <div class="rows">${others.map((id) => html`<button type="button" class="row person" key=${id} data-testid="mark-to" data-participant=${id}
      onClick=${() => does({ type: 'reassign_event', participant_id: id })}>
      <${Face} name=${nameOf(session, id)} index=${session.participants.findIndex((p) => p.id === id)} /><b class="name">${nameOf(session, id)}</b></button>`)}</div>
    <button type="button" class="ghost danger" data-testid="mark-undo" onClick=${() => does({ type: 'void_event' })}>${t('mark.undo')}</button>
  </${Sheet}>`
}
