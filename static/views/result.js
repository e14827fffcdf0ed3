// After a game: places and money, why, the evening so far, who pays whom, and what next.
import { html, useState } from '../html.js'
import { duration, money, t } from '../i18n.js'
import * as api from '../api.js'
import { mark, takeBack, waiting } from '../page.js'
import { isCreator, lastMark, mayScore, nameOf, unsettled } from '../game_view.js'
import { useStore } from '../store.js'
import { AddMarkSheet } from '../components/add_mark_sheet.js'
import { useAsked } from '../components/asked.js'
import { Banner } from '../components/banner.js'
import { Bar, BarButton } from '../components/bar.js'
import { EveningChart } from '../components/evening_chart.js'
import { GamesList } from '../components/games_list.js'
import { LateNotice } from '../components/late_notice.js'
import { LedgerSheet } from '../components/ledger_sheet.js'
import { LogSheet } from '../components/log_sheet.js'
import { MatchScore } from '../components/match_score.js'
import { MoneySheet } from '../components/money_sheet.js'
import { PeopleSheet } from '../components/more_sheet.js'
import { Problem } from '../components/problem.js'
import { Results } from '../components/results.js'
import { Settlement } from '../components/settlement.js'
import { Asking } from '../components/asking.js'
import { StartGame } from '../components/start_game.js'
import { UndoStrip } from '../components/undo_strip.js'
import { Whys } from '../components/whys.js'
import { WhySheet } from '../components/why_sheet.js'

export function Result({ view, session, game, me, chat }) {
  const [sheet, open] = useState(null)
  const { ask, error } = useAsked()
  const items = useStore(waiting).filter((item) => item.session_id === session.id)
  const pending = unsettled(items, view.state.events)
  const refused = items.filter((item) => item.state === 'refused')
  const scores = mayScore(session, me.id)
  const close = () => open(null)
  const debtor = game.results.reduce((a, b) => (b.net < a.net ? b : a))
  const complete = isCreator(session, me.id) && html`<${Asking} label=${t('result.complete')} question=${t('result.complete_ask')} yes=${t('result.complete')}
    danger=${false} testid="complete" onYes=${() => ask(() => api.post(`/api/v1/sessions/${session.id}/complete`))} />`

  return html`<main class="page" data-testid="result-view">
    <${Bar} title=${t('result.title', { n: game.number })} sub=${subtitle(view, session, game)} back="/">
      ${chat}
      <${BarButton} icon="log" label=${t('log.title')} onClick=${() => open('log')} testid="log-button" />
      <${BarButton} icon="qr" label=${t('people.title')} onClick=${() => open('people')} testid="people-button" />
    </${Bar}>
    <${Banner} />
    <div class="sheet">
      <${LateNotice} events=${view.state.events} session=${session} />
      <${Results} game=${game} session=${session} />
      <${MatchScore} session=${session} />
      ${debtor.net < 0 && html`<button type="button" class="why" data-testid="why-button" onClick=${() => open('why')}>
        ${t('why.ask', { name: nameOf(session, debtor.participant_id), sum: money(-debtor.net, session.rules.currency) })} ›</button>`}
      ${(pending.length > 0 || refused.length > 0) && html`<${UndoStrip} session=${session} pending=${pending} refused=${refused} onTakeBack=${takeBack} />`}
      <h2 class="h">${t('nav.evening')} · ${t('games', { n: session.games_played })}</h2>
      ${view.balance && html`<${EveningChart} balance=${view.balance} session=${session} /><${Settlement} balance=${view.balance} session=${session} me=${me} />`}
      ${view.balance && html`<${Whys} balance=${view.balance} session=${session} onWhy=${(id) => open({ ledger: id })} />`}
      <${GamesList} view=${view} session=${session} />
      ${scores && html`<div class="two">
        <button type="button" class="ghost" data-testid="add-mark-button" onClick=${() => open('add')}>${t('result.add')}</button>
        <button type="button" class="ghost" data-testid="money-button" onClick=${() => open('money')}>${t('money.title')}</button></div>
        <${Asking} label=${t('result.reopen')} question=${t('result.reopen_ask')} yes=${t('result.reopen')} danger=${false} testid="reopen"
          onYes=${() => mark(session.id, { type: 'reopen_game' })} />`}
      <${Problem} error=${error} />
    </div>
    <div class="foot">${scores ? html`<${StartGame} session=${session} previous=${game.order} label=${t('result.again')} beside=${complete} />`
      : html`<p class="quiet center">${t('waiting.wait')}</p>`}</div>
    ${sheet === 'why' && html`<${WhySheet} game=${game} session=${session} onClose=${close} />`}
    ${sheet === 'add' && html`<${AddMarkSheet} session=${session} game=${game} onClose=${close} />`}
    ${sheet === 'money' && html`<${MoneySheet} view=${view} session=${session} me=${me} onClose=${close} />`}
    ${sheet?.ledger && html`<${LedgerSheet} session=${session} participantId=${sheet.ledger} onClose=${close} />`}
    ${sheet === 'people' && html`<${PeopleSheet} session=${session} online=${view.online} me=${me} onClose=${close} />`}
    ${sheet === 'log' && html`<${LogSheet} view=${view} pending=${pending} canUndo=${scores} onCommand=${(command) => mark(session.id, command)} onClose=${close} />`}
  </main>`
}

function subtitle(view, session, game) {
  const ended = view.state.events.findLast((e) => e.type === 'game.ended' && e.game_id === game.id)
  const reason = game.end_reason ?? ended?.data.reason
  const last = lastMark(view.state.events, game.id)
  const words = []
  if (reason === 'all_balls_potted' && last) words.push(t('result.last_ball', { name: nameOf(session, last.data.participant_id) }))
  if (reason === 'target_reached') words.push(t('result.target'))
  words.push(duration(game.duration_seconds ?? 0))
  return words.join(' · ')
}
