// Who plays the next game and in which order, by hand.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import { players } from '../game_view.js'
import { gameOf } from '../games/index.js'
import { Icon } from './icon.js'
import { Sheet } from './sheet.js'

export function OrderSheet({ session, previous, onStart, onClose }) {
  const least = gameOf(session.rules).leastPlayers(session.rules)
  const most = gameOf(session.rules).mostPlayers(session.rules)
  const [participants, set] = useState(() => {
    const rank = (p) => { const at = (previous ?? []).indexOf(p.id); return at < 0 ? 99 : at }
    return players(session).sort((a, b) => rank(a) - rank(b)).map((p, at) => ({ id: p.id, name: p.display_name, plays: at < most }))
  })
  const move = (at, by) => {
    const next = [...participants]
    ;[next[at], next[at + by]] = [next[at + by], next[at]]
    set(next)
  }
  const order = participants.filter((s) => s.plays).map((s) => s.id)
  return html`<${Sheet} title=${t('order.title')} onClose=${onClose} testid="order">
    <p class="quiet">${t('order.hint')}</p>
    <ol class="order rows">
      ${participants.map((s, at) => html`<li key=${s.id}>
        <label><input type="checkbox" checked=${s.plays} onChange=${() => set(participants.map((o) => (o === s ? { ...o, plays: !o.plays } : o)))} />
          <span class="name">${s.name}</span></label>
        <button type="button" class="icon" aria-label="${t('order.up')}: ${s.name}" disabled=${at === 0} onClick=${() => move(at, -1)}><${Icon} name="up" /></button>
        <button type="button" class="icon" aria-label="${t('order.down')}: ${s.name}" disabled=${at === participants.length - 1} onClick=${() => move(at, 1)}><${Icon} name="down" /></button>
      </li>`)}
    </ol>
    ${(participants.length > most || order.length < least) && html`<p class=${order.length < least || order.length > most ? 'problem' : 'quiet center'} role="status" data-testid="order-chosen">
      ${t(least === most ? 'order.chosen' : 'order.chosen_range', { n: order.length, least, most })}</p>`}
    <button type="button" class="big" disabled=${order.length < least || order.length > most} data-testid="order-start" onClick=${() => onStart(order)}>${t('order.start')}</button>
  </${Sheet}>`
}
