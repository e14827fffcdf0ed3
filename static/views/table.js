// The table during a game: everybody's score at a glance above, the balls under the thumb below.
import { html, useEffect, useRef, useState } from '../html.js'
import { money, t } from '../i18n.js'
import { mark, takeBack, waiting } from '../page.js'
import { gameOf } from '../games/index.js'
import { expectedTurn, lastMark, mayScore, nameOf, nextInOrder, pottedBalls, sidePoints, standing, unsettled } from '../game_view.js'
import { fly } from '../motion.js'
import { useStore } from '../store.js'
import { useAwake } from '../components/awake.js'
import { BallPad } from '../components/ball_pad.js'
import { Banner } from '../components/banner.js'
import { Bar, BarButton } from '../components/bar.js'
import { LogSheet } from '../components/log_sheet.js'
import { markSentence } from '../components/mark_text.js'
import { MatchScore } from '../components/match_score.js'
import { MoneySheet } from '../components/money_sheet.js'
import { MoreSheet, PeopleSheet } from '../components/more_sheet.js'
import { PlayerRow } from '../components/player_row.js'
import { Since } from '../components/since.js'
import { UndoStrip } from '../components/undo_strip.js'

export function Table({ view, session, me }) {
  const { events, seq } = view.state
  const game = session.current_game
  const { rules } = session
  const [chosen, choose] = useState(null)
  const [sheet, open] = useState(null)
  const list = useRef(null)
  useAwake()
  const items = useStore(waiting).filter((item) => item.session_id === session.id)
  const pending = unsettled(items, events)
  const turn = expectedTurn(game, pending)
  // After each event and each own mark the selection follows the turn.
  useEffect(() => choose(null), [seq, pending.length])
  useEffect(() => list.current?.querySelector('[aria-pressed=true]')?.scrollIntoView({ block: 'nearest' }), [chosen, turn])

  const selected = chosen ?? turn
  const scores = mayScore(session, me.id)
  const balls = pottedBalls(events, game.id)
  const last = lastMark(events, game.id)
  const close = () => open(null)
  const command = (body) => mark(session.id, body)
  const pot = (ball, button) => {
    fly(button, list.current?.querySelector(`[data-participant="${selected}"]`))
    command({ type: 'pot_ball', participant_id: selected, ...ball })
  }
  const price = money(rules[gameOf(rules).priceField], rules.currency)
  const density = game.order.length <= 4 ? 'few' : game.order.length <= 6 ? 'some' : 'many'

  return html`<main class="page table" data-testid="table" data-seq=${seq}>
    <${Bar} title=${session.name} back="/" sub=${html`<span class="dot"></span>${t('game.number', { n: game.number })} · <${Since} start=${game.started_at} /> · ${price}`}>
      <${BarButton} icon="qr" label=${t('people.title')} onClick=${() => open('people')} testid="people-button" />
      <${BarButton} icon="more" label=${t('table.more')} onClick=${() => open('more')} testid="more-button" />
    </${Bar}>
    <${Banner} />
    <${MatchScore} session=${session} />
    <div class="players ${density}" ref=${list}>
      ${game.order.map((id) => html`<${PlayerRow} key=${id} player=${session.participants.find((p) => p.id === id)}
        index=${session.participants.findIndex((p) => p.id === id)} score=${game.scores.find((s) => s.participant_id === id)}
        balls=${balls.get(id) ?? []} pending=${pending.filter((i) => i.command.type === 'pot_ball' && i.command.participant_id === id)}
        turn=${id === turn} next=${id === nextInOrder(game.order, turn)} selected=${scores && id === selected}
        side=${sidePoints(game, rules, id)} target=${rules.target_balls} currency=${rules.currency} evening=${standing(session, id)}
        onSelect=${() => scores && !rules.enforce_turns && choose(id)} />`)}
    </div>
    <${UndoStrip} session=${session} last=${last} pending=${pending} refused=${items.filter((i) => i.state === 'refused')} canUndo=${scores}
      onUndo=${(seqNo) => command({ type: 'void_event', seq: seqNo })} onTakeBack=${takeBack} />
    <div class="hidden" aria-live="polite">${last ? markSentence(last, session) : ''}</div>
    ${scores ? html`<${BallPad} rules=${rules} game=${game} pending=${pending} nextName=${nameOf(session, nextInOrder(game.order, selected))}
        onPot=${pot} onFoul=${() => command({ type: 'commit_foul', participant_id: selected })}
        onPass=${(reason) => command({ type: 'end_turn', participant_id: selected, reason })} onMore=${() => open('more')} />`
      : html`<p class="foot quiet center">${t('table.watching')}</p>`}
    ${sheet === 'more' && html`<${MoreSheet} session=${session} selectedName=${nameOf(session, selected)} canMark=${scores} onClose=${close}
      onFoul=${(points) => { command({ type: 'commit_foul', participant_id: selected, points }); close() }}
      onSend=${(body) => { command({ participant_id: selected, ...body }); close() }}
      onLog=${() => open('log')} onMoney=${() => open('money')} onPeople=${() => open('people')}
      onEnd=${() => { command({ type: 'end_game' }); close() }} onCancel=${() => { command({ type: 'cancel_game' }); close() }} />`}
    ${sheet === 'money' && html`<${MoneySheet} view=${view} session=${session} me=${me} onClose=${close} />`}
    ${sheet === 'people' && html`<${PeopleSheet} session=${session} online=${view.online} me=${me} onClose=${close} />`}
    ${sheet === 'log' && html`<${LogSheet} view=${view} pending=${pending} canUndo=${scores} onCommand=${command} onClose=${close} />`}
  </main>`
}
