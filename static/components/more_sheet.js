// What is needed less often than a ball: other fouls, own ball, the log, the people, ending and cancelling the game.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { isCreator } from '../game_view.js'
import { gameOf } from '../games/index.js'
import { Asking } from './asking.js'
import { Invite } from './invite.js'
import { Leave } from './leave.js'
import { RulesSummary } from './rules_summary.js'
import { EditRules } from './edit_rules.js'
import { Participants } from './participants.js'
import { SaveRules } from './save_rules.js'
import { ShareBoard } from './share_board.js'
import { BuzzSwitch, SoundSwitch } from './signal_switches.js'
import { Sheet } from './sheet.js'

export function MoreSheet({ session, selectedName, canMark, onFoul, onSend, onLog, onMoney, onPeople, onKeys, onEnd, onCancel, onClose }) {
  const { foulWeights, More } = gameOf(session.rules)
  const weights = foulWeights(session.rules)
  return html`<${Sheet} title=${t('more.title')} onClose=${onClose} testid="more">
    ${canMark && weights.length > 0 && html`<h3 class="h">${t('more.foul_points', { name: selectedName })}</h3>
      <div class="points-pick">${weights.map((n) => html`<button type="button" class="small" data-testid="foul-${n}" onClick=${() => onFoul(n)}>−${n}</button>`)}</div>`}
    ${canMark && More && html`<${More} game=${session.current_game} name=${selectedName} send=${onSend} />`}
    <button type="button" class="ghost" data-testid="open-log" onClick=${onLog}>${t('log.title')}</button>
    <button type="button" class="ghost" data-testid="open-money" onClick=${onMoney}>${t('money.title')}</button>
    <button type="button" class="ghost" data-testid="open-people" onClick=${onPeople}>${t('people.title')}</button>
    <button type="button" class="ghost with-keyboard" data-testid="open-keys" onClick=${onKeys}>${t('keys.title')} <kbd>?</kbd></button>
    <${SoundSwitch} />
    <${BuzzSwitch} />
    ${canMark && html`
      <${Asking} label=${t('more.end')} question=${t('more.end_ask')} yes=${t('more.end')} onYes=${onEnd} testid="end-game" danger=${false} />
      <${Asking} label=${t('more.cancel')} question=${t('more.cancel_ask')} yes=${t('more.cancel')} onYes=${onCancel} testid="cancel-game" />`}
  </${Sheet}>`
}

export function PeopleSheet({ session, online, me, onClose }) {
  return html`<${Sheet} title=${t('people.title')} onClose=${onClose} testid="people">
    <${Invite} session=${session} />
    <${Participants} session=${session} online=${online} me=${me} />
    <h2 class="h">${t('rules.title')}</h2>
    <${RulesSummary} rules=${session.rules} />
    <${EditRules} session=${session} me=${me} />
    <${SaveRules} rules=${session.rules} />
    <${ShareBoard} session=${session} />
    ${!isCreator(session, me.id) && html`<${Leave} session=${session} me=${me} />`}
  </${Sheet}>`
}
