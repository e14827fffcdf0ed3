// A completed (or cancelled) evening: the final balances, who pays whom, and every game's results.
import { html, useState } from '../html.js'
import { day, gain, t } from '../i18n.js'
import { mark, waiting } from '../page.js'
import { lateCorrections, mayScore, unsettled, withMoney } from '../game_view.js'
import { trend } from '../money.js'
import { useStore } from '../store.js'
import { Banner } from '../components/banner.js'
import { Bar, BarButton } from '../components/bar.js'
import { EveningChart } from '../components/evening_chart.js'
import { LedgerSheet } from '../components/ledger_sheet.js'
import { LogSheet } from '../components/log_sheet.js'
import { Results } from '../components/results.js'
import { MoneySheet } from '../components/money_sheet.js'
import { Settlement } from '../components/settlement.js'
import { Whys } from '../components/whys.js'

export function Evening({ view, session, me }) {
  const [log, showLog] = useState(false)
  const [sheet, show] = useState(null)
  const late = lateCorrections(view.state.events)
  const pending = unsettled(useStore(waiting).filter((item) => item.session_id === session.id), view.state.events)
  const completed = session.status === 'completed'
  const played = view.state.games.filter((game) => game.status === 'completed' && game.results).sort((a, b) => a.number - b.number)
  const words = [
    t(completed ? 'evening.completed' : 'lobby.cancelled'),
    day(session.completed_at ?? session.created_at),
    t('games', { n: session.games_played }),
  ]
  return html`<main class="page" data-testid="evening">
    <${Bar} title=${session.name} sub=${words.join(' · ')} back="/">
      <${BarButton} icon="log" label=${t('log.title')} onClick=${() => showLog(true)} testid="log-button" /></${Bar}>
    <${Banner} />
    <div class="sheet">
      ${late.length > 0 && html`<p class="note" role="status" data-testid="late">${t('evening.late', { n: late.length })}</p>`}
      <${Balances} session=${session} />
      ${view.balance && played.length > 0 && html`<h2 class="h">${t('evening.chart')}</h2>
        <${EveningChart} balance=${view.balance} session=${session} />`}
      ${view.balance && withMoney(view.balance).length > 0 && html`<${Settlement} balance=${view.balance} session=${session} me=${me} />`}
      ${completed && view.balance && html`<${Whys} balance=${view.balance} session=${session} onWhy=${(id) => show({ ledger: id })} />
        <button type="button" class="ghost" data-testid="money-button" onClick=${() => show('money')}>${t('money.title')}</button>`}
      ${played.map((game) => html`<details key=${game.id}><summary>${t('game.number', { n: game.number })}</summary>
        <${Results} game=${game} session=${session} /></details>`)}
    </div>
    ${sheet === 'money' && html`<${MoneySheet} view=${view} session=${session} me=${me} onClose=${() => show(null)} />`}
    ${sheet?.ledger && html`<${LedgerSheet} session=${session} participantId=${sheet.ledger} onClose=${() => show(null)} />`}
    ${log && html`<${LogSheet} view=${view} pending=${pending} canUndo=${completed && mayScore(session, me.id)}
      onCommand=${(command) => mark(session.id, command)} onClose=${() => showLog(false)} />`}
  </main>`
}

function Balances({ session }) {
  const participants = session.participants
    .filter((p) => p.role !== 'spectator' && (p.games_played > 0 || p.balance !== 0))
    .sort((a, b) => b.balance - a.balance)
  if (!participants.length) return html`<p class="quiet">${t('evening.no_games')}</p>`
  return html`<div class="rows" data-testid="balances">
    ${participants.map((p, i) => html`<div class="row" key=${p.id} data-testid="balance" data-participant=${p.id}>
      <span class="n">${i + 1}</span><b class="name">${p.display_name}</b>
      <span class="p">${t('games', { n: p.games_played })}</span>
      <span class="m ${trend(p.balance)}">${gain(p.balance, session.rules.currency)}</span>
    </div>`)}
  </div>`
}
