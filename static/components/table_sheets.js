// The sheets of the table, one at a time.
import { html } from '../html.js'
import { nameOf } from '../game_view.js'
import { LogSheet } from './log_sheet.js'
import { MarkSheet } from './mark_sheet.js'
import { MoneySheet } from './money_sheet.js'
import { MoreSheet, PeopleSheet } from './more_sheet.js'
import { ShortcutsSheet } from './shortcuts.js'

export function TableSheets({ sheet, open, view, session, me, marks, selected, acts, scores }) {
  const close = () => open(null)
  const then = (act) => (...given) => { act(...given); close() }
  if (sheet?.mark) return html`<${MarkSheet} event=${sheet.mark} order=${session.current_game.order} session=${session} me=${me} onCommand=${acts.command} onClose=${close} />`
  switch (sheet) {
    case 'more': return html`<${MoreSheet} session=${session} selectedName=${nameOf(session, selected)} canMark=${scores} onClose=${close}
      onFoul=${then((points) => acts.foul({ points }))} onSend=${then(acts.send)}
      onLog=${() => open('log')} onMoney=${() => open('money')} onPeople=${() => open('people')} onKeys=${() => open('keys')}
      onEnd=${then(() => acts.command({ type: 'end_game' }))} onCancel=${then(() => acts.command({ type: 'cancel_game' }))} />`
    case 'money': return html`<${MoneySheet} view=${view} session=${session} me=${me} onClose=${close} />`
    case 'people': return html`<${PeopleSheet} session=${session} online=${view.online} me=${me} onClose=${close} />`
    case 'log': return html`<${LogSheet} view=${view} pending=${marks.pending} canUndo=${scores} onCommand=${acts.command} onClose=${close} />`
    case 'keys': return html`<${ShortcutsSheet} rules=${session.rules} onClose=${close} />`
    default: return null
  }
}
