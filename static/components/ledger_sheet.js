// Why somebody has the balance that he has: every line of it, ball by ball, as the server proves it.
import { html, useEffect, useState } from '../html.js'
import { clock, gain, has, money, t } from '../i18n.js'
import * as api from '../api.js'
import { nameOf } from '../game_view.js'
import { trend } from '../money.js'
import { Problem } from './problem.js'
import { Sheet } from './sheet.js'

export function LedgerSheet({ session, participantId, onClose }) {
  const [ledger, set] = useState(null)
  const [error, fail] = useState(null)
  useEffect(() => {
    api.get(`/api/v1/sessions/${session.id}/participants/${participantId}/ledger`).then(set, fail)
  }, [participantId, session.seq])
  const { currency } = session.rules
  return html`<${Sheet} title=${t('ledger.title', { name: nameOf(session, participantId) })} onClose=${onClose} testid="ledger">
    <${Problem} error=${error} />
    ${!ledger && !error && html`<p class="quiet">${t('state.loading')}</p>`}
    ${ledger && html`<p class="m ${trend(ledger.balance)}" data-testid="ledger-balance">${t('ledger.sum', { sum: gain(ledger.balance, currency) })}</p>
      ${ledger.lines.length === 0 && html`<p class="quiet">${t('ledger.none')}</p>`}
      <ol class="log">${ledger.lines.map((line, index) => html`<li key=${index} data-testid="ledger-line">
        <span class="time">${clock(line.at)}</span>
        <span class="line"><b>${words(line)}</b><small>${nameOf(session, line.counterpart_id)}${priced(line, currency)}</small></span>
        <span class="m ${trend(line.amount)}">${gain(line.amount, currency)}</span>
      </li>`)}</ol>`}
  </${Sheet}>`
}

function words({ kind, text }) {
  if (kind === 'game' && has(`color.${text}`)) return t(`color.${text}`)
  return has(`ledger.${text}`) ? t(`ledger.${text}`) : text
}

function priced({ points, price }, currency) {
  return points == null ? '' : ` · ${String(points).replace('-', '\u2212')} × ${money(price, currency)}`
}
