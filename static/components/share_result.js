// The outcome as a few lines of text for the players' own chat.
import { html, useState } from '../html.js'
import { gain, money, t } from '../i18n.js'
import { nameOf } from '../game_view.js'
import { share } from '../share.js'
import { ByHand } from './by_hand.js'

export function ShareResult({ balance, session }) {
  const [done, set] = useState(null)
  const text = outcome(balance, session)
  const words = { shared: 'settlement.shared', copied: 'settlement.sent' }[done] ?? 'settlement.share'
  const send = async () => set(await share({ text }))
  return html`<button type="button" class="text" data-testid="share-result" onClick=${send}>${t(words)}</button><span class="hidden" role="status">${done === 'shared' || done === 'copied' ? t(words) : ''}</span>
    ${done === 'failed' && html`<${ByHand} text=${text} />`}`
}

/** PURE but for the language: the balances, then who pays whom. */
export function outcome(balance, session) {
  const played = balance.participants.filter((p) => p.games.length > 0).sort((a, b) => b.net - a.net)
  return [
    session.name,
    ...played.map((p) => `${nameOf(session, p.participant_id)}: ${gain(p.net, balance.currency)}`),
    '',
    ...balance.settlement.map((pay) => `${nameOf(session, pay.from)} → ${nameOf(session, pay.to)}: ${money(pay.amount, balance.currency)}`),
  ].join('\n').trim()
}
