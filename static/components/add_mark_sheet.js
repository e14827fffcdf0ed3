// A ball or a foul that was forgotten, for an ended game: who, then what.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import { mark } from '../page.js'
import { nameOf } from '../game_view.js'
import { gameOf } from '../games/index.js'
import { Choice } from './choice.js'
import { Sheet } from './sheet.js'

export function AddMarkSheet({ session, game, onClose }) {
  const [who, choose] = useState(game.order[0])
  const { Pad } = gameOf(session.rules)
  const add = (body) => {
    mark(session.id, { participant_id: who, correction: true, ...body })
    onClose()
  }
  return html`<${Sheet} title=${t('add.title')} onClose=${onClose} testid="add-mark">
    <${Choice} name="add-who" label=${t('add.who')} value=${who} options=${game.order.map((id) => [id, nameOf(session, id)])} onChange=${choose} />
    <div class="pad"><${Pad} rules=${session.rules} game=${game} pending=${[]} onPot=${(ball) => add({ type: 'pot_ball', ...ball })} onMore=${onClose} />
      <div class="acts"><button type="button" class="foul" data-testid="add-foul" onClick=${() => add({ type: 'commit_foul' })}>${t('table.foul')}</button></div></div>
  </${Sheet}>`
}
