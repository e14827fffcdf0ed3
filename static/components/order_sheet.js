// Who plays the next game and in which order, by hand.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import { players } from '../game_view.js'
import { Icon } from './icon.js'
import { Sheet } from './sheet.js'

export function OrderSheet({ session, previous, onStart, onClose }) {
  const [participants, set] = useState(() => {
    const rank = (p) => { const at = (previous ?? []).indexOf(p.id); return at < 0 ? 99 : at }
    return players(session).sort((a, b) => rank(a) - rank(b)).map((p) => ({ id: p.id, name: p.display_name, plays: true }))
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
    <button type="button" class="big" disabled=${order.length < 2} data-testid="order-start" onClick=${() => onStart(order)}>${t('order.start')}</button>
  </${Sheet}>`
}
