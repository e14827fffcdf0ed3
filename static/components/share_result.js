// The outcome as a few lines of text for the players' own chat.
import { html, useState } from '../html.js'
import { gain, money, t } from '../i18n.js'
import { nameOf } from '../game_view.js'

export function ShareResult({ balance, session }) {
  const [sent, setSent] = useState(false)
  const send = async () => {
    const text = outcome(balance, session)
    try {
      if (navigator.share) await navigator.share({ text })
      else await navigator.clipboard.writeText(text)
      setSent(true)
    } catch { /* closed by the user, or not allowed here */ }
  }
  if (!navigator.share && !navigator.clipboard) return null
  return html`<button type="button" class="text" data-testid="share-result" onClick=${send}>${t(sent ? 'settlement.sent' : 'settlement.share')}</button>`
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
