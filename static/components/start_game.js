// Starts the next game: drawn by the rules, or by hand where the rules or the players want it so.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { players } from '../game_view.js'
import { gameOf } from '../games/index.js'
import { useAsked } from './asked.js'
import { OrderSheet } from './order_sheet.js'
import { Problem } from './problem.js'

export function StartGame({ session, previous, label, beside }) {
  const [byHand, setByHand] = useState(false)
  const { ask, busy, error } = useAsked()
  const { leastPlayers, mostPlayers } = gameOf(session.rules)
  const here = players(session).length
  const missing = Math.max(0, leastPlayers(session.rules) - here)
  // Nobody is left out by the server's choice: who plays is said by those at the table.
  const tooMany = here > mostPlayers(session.rules)
  const start = async (order) => {
    setByHand(false)
    await ask(() => api.post(`/api/v1/sessions/${session.id}/games`, order ? { order } : {}))
  }
  const begin = () => (session.rules.order === 'manual' || tooMany ? setByHand(true) : start())
  return html`<div class="start">
    <${Problem} error=${error} />
    ${tooMany && html`<p class="quiet center" data-testid="too-many">${t('order.too_many', { n: here, most: mostPlayers(session.rules) })}</p>`}
    ${missing > 0 && html`<p class="quiet center">${t('start.missing', { n: missing })}</p>`}
    ${session.rules.order !== 'manual' && !tooMany && html`<button type="button" class="text" disabled=${missing > 0} data-testid="start-manual" onClick=${() => setByHand(true)}>${t('start.by_hand')}</button>`}
    <div class=${beside ? 'two' : ''}>${beside}
      <button type="button" class="big" disabled=${busy || missing > 0} data-testid="start-game" onClick=${begin}>${label}</button></div>
    ${byHand && html`<${OrderSheet} session=${session} previous=${previous} onStart=${start} onClose=${() => setByHand(false)} />`}
  </div>`
}
