// A completed (or cancelled) evening: the final balances, who pays whom, and every game's results.
import { html, useState } from '../html.js'
import { day, gain, t } from '../i18n.js'
import { mark, waiting } from '../page.js'
import { mayScore, unsettled, withMoney } from '../game_view.js'
import { trend } from '../money.js'
import { useStore } from '../store.js'
import { Banner } from '../components/banner.js'
import { Bar, BarButton } from '../components/bar.js'
import { EveningChart } from '../components/evening_chart.js'
import { GamesList } from '../components/games_list.js'
import { LateNotice } from '../components/late_notice.js'
import { LedgerSheet } from '../components/ledger_sheet.js'
import { LogSheet } from '../components/log_sheet.js'
import { MoneySheet } from '../components/money_sheet.js'
import { RepeatEvening } from '../components/repeat_evening.js'
import { SaveRules } from '../components/save_rules.js'
import { Settlement } from '../components/settlement.js'
import { Whys } from '../components/whys.js'

export function Evening({ view, session, me, chat }) {
  const [log, showLog] = useState(false)
  const [sheet, show] = useState(null)
  const pending = unsettled(useStore(waiting).filter((item) => item.session_id === session.id), view.state.events)
  const completed = session.status === 'completed'
  const played = view.state.games.filter((game) => game.status === 'completed' && game.results)
  const words = [
    t(completed ? 'evening.completed' : 'lobby.cancelled'),
    day(session.completed_at ?? session.created_at),
    t('games', { n: session.games_played }),
  ]
  return html`<main class="page" data-testid="evening">
    <${Bar} title=${session.name} sub=${words.join(' · ')} back="/">
      ${chat}<${BarButton} icon="log" label=${t('log.title')} onClick=${() => showLog(true)} testid="log-button" /></${Bar}>
    <${Banner} />
    <div class="sheet">
      <${LateNotice} events=${view.state.events} session=${session} />
      <${Balances} session=${session} />
      ${view.balance && played.length > 0 && html`<h2 class="h">${t('evening.chart')}</h2>
        <${EveningChart} balance=${view.balance} session=${session} />`}
      ${view.balance && withMoney(view.balance).length > 0 && html`<${Settlement} balance=${view.balance} session=${session} me=${me} />`}
      ${completed && view.balance && html`<${Whys} balance=${view.balance} session=${session} onWhy=${(id) => show({ ledger: id })} />
        <button type="button" class="ghost" data-testid="money-button" onClick=${() => show('money')}>${t('money.title')}</button>`}
      <${GamesList} view=${view} session=${session} />
      <${RepeatEvening} view=${view} session=${session} me=${me} />
      <${SaveRules} rules=${session.rules} />
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
      <span class="n">${i + 1}</span><b><span class="name one-line" title=${p.display_name}>${p.display_name}</span></b>
      <span class="p">${t('games', { n: p.games_played })}</span>
      <span class="m ${trend(p.balance)}">${gain(p.balance, session.rules.currency)}</span>
    </div>`)}
  </div>`
}
