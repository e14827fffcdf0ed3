// The board between games and after the last one: what the game and the evening came to, who pays whom, how to join.
import { html } from '../html.js'
import { gain, money, t } from '../i18n.js'
import { nameOf, players } from '../game_view.js'
import { trend } from '../money.js'
import { Icon } from './icon.js'
import { usePhoneOrigin } from './phone_origin.js'
import { Qr } from './qr.js'
import { LocalOnly } from './share_link.js'

/** PURE: everybody who played or has a balance, the best of the evening first. */
export function totalsOf(session, game, evening) {
  const nets = new Map((evening?.totals ?? []).map((total) => [total.participant_id, total.net]))
  return session.participants
    .map((p) => ({ id: p.id, role: p.role, net: nets.get(p.id) ?? p.balance, played: p.games_played > 0, last: game.results?.find((r) => r.participant_id === p.id) ?? null }))
    .filter((row) => row.played || row.net !== 0 || row.last)
    .sort((a, b) => b.net - a.net)
}

export function BoardEvening({ session, game, evening, code }) {
  const { currency } = session.rules
  const rows = totalsOf(session, game, evening)
  return html`<div class="evening-board">
    <section class="totals-board many-${rows.length > 6 ? 'yes' : 'no'}" data-testid="board-totals">
      <h2>${t('board.totals')}<span>${t('game.number', { n: game.number })}</span></h2>
      <ol>${rows.map((row) => html`<li key=${row.id} data-testid="board-total">
        <b class="name">${nameOf(session, row.id)}</b>
        <span class="last ${trend(row.last?.net ?? 0)}">${row.last ? gain(row.last.net, currency) : ''}</span>
        <span class="sum ${trend(row.net)}">${gain(row.net, currency)}</span></li>`)}</ol>
    </section>
    <section class="side-board">
      ${evening && html`<${Transfers} session=${session} evening=${evening} />`}
      ${code && html`<${JoinCode} code=${code} />`}
    </section>
  </div>`
}

function Transfers({ session, evening }) {
  const { settlement, currency } = evening
  return html`<h2>${t('settlement.title')}</h2>
    ${settlement.length ? html`<ol class="pays many-${settlement.length > 5 ? 'yes' : 'no'}" data-testid="board-settlement">${settlement.map((pay) => html`<li key=${`${pay.from}${pay.to}`}>
      <span class="name">${nameOf(session, pay.from)}</span><i><${Icon} name="arrow" size=${18} /><span class="hidden">${t('settlement.pays')}</span></i>
      <span class="name">${nameOf(session, pay.to)}</span><b>${money(pay.amount, currency)}</b></li>`)}</ol>`
      : html`<p class="square">${t('settlement.none')}</p>`}`
}

function JoinCode({ code }) {
  const origin = usePhoneOrigin()
  if (origin === null) return html`<div class="join-board" data-testid="board-join"><${LocalOnly} /></div>`
  return html`<div class="join-board" data-testid="board-join">${origin && html`<${Qr} text=${`${origin}/join/${code}`} />`}<p>${t('board.join')}<b>${code}</b></p></div>`
}

/** Before the first game: who is here, and how to come. */
export function BoardInvite({ session, code }) {
  return html`<div class="evening-board">
    <section class="totals-board seats-board many-${players(session).length > 6 ? 'yes' : 'no'}"><h2>${t('participants.title')}</h2>
      <ol>${players(session).map((p) => html`<li key=${p.id} data-testid="board-seat"><b class="name">${p.display_name}</b></li>`)}</ol></section>
    <section class="side-board">${code ? html`<${JoinCode} code=${code} />` : html`<p class="square">${t('waiting.wait')}</p>`}</section>
  </div>`
}
