// The table during a game: everybody's score at a glance, the balls under the thumb; one above the other on a phone, side
// by side where it is wide.
import { html, useEffect, useRef, useState } from '../html.js'
import { money, t } from '../i18n.js'
import { around } from '../lazy.js'
import { mark, takeBack, waiting } from '../page.js'
import { gameOf } from '../games/index.js'
import { expectedTurn, lastMark, mayScore, nameOf, nextInOrder, participantOf, unsettled } from '../game_view.js'
import { commandOf, pendingPoints, standingMarks, undoneMarks } from '../marks.js'
import { fly } from '../motion.js'
import { useStore } from '../store.js'
import { useAwake } from '../components/awake.js'
import { BallPad } from '../components/ball_pad.js'
import { Banner } from '../components/banner.js'
import { Bar, BarButton } from '../components/bar.js'
import { LateNote } from '../components/late_note.js'
import { LiveDot } from '../components/live_dot.js'
import { asEvent, markSentence } from '../components/mark_text.js'
import { MatchScore } from '../components/match_score.js'
import { RecentMarks } from '../components/recent_marks.js'
import { Scores } from '../components/scores.js'
import { Sheet } from '../components/sheet.js'
import { useShortcuts } from '../components/shortcuts.js'
import { Since } from '../components/since.js'
import { UndoStrip } from '../components/undo_strip.js'

const TableSheets = around.part('TableSheets', ({ open, children }) => html`<${Sheet} title=${t('more.title')} onClose=${() => open(null)}><div class="splash center">${children}</div></${Sheet}>`)

export function Table({ view, session, me, chat }) {
  const { current_game: game, rules } = session
  const [sheet, open] = useState(null)
  const list = useRef(null)
  useAwake()
  useEffect(() => { around.ahead().catch(() => {}) }, [])
  const marks = useMarks(view, session)
  const [selected, choose] = useSelected(marks, view.state.seq, list)
  const scores = mayScore(session, me.id)
  const acts = actions({ session, marks, selected, list, open })
  const mine = participantOf(session, me.id)?.id
  const select = (id) => scores && !rules.enforce_turns && choose(id)
  useShortcuts(rules, keyboard({ acts, scores, marks, game, selected, select, open }))
  const { Status } = gameOf(rules)
  const price = money(rules[gameOf(rules).priceField], rules.currency)

  return html`<main class="page table" data-testid="table" data-seq=${view.state.seq}>
    <${Bar} title=${session.name} back="/" sub=${html`<${LiveDot} />${t('game.number', { n: game.number })} · <${Since} start=${game.started_at} /> · ${price}`}>
      ${chat}
      <${BarButton} icon="qr" label=${t('people.title')} onClick=${() => open('people')} testid="people-button" />
      <${BarButton} icon="more" label=${t('table.more')} onClick=${() => open('more')} testid="more-button" />
    </${Bar}>
    <${Banner} />
    <${LateNote} session=${session} me=${me} />
    <div class="panes">
      <div class="scores">
        <${MatchScore} session=${session} />
        <${Scores} ...${{ session, list, marks, selected: scores ? selected : null, mine }} events=${view.state.events} onSelect=${select} />
      </div>
      <div class="marking">
        <${RecentMarks} marks=${marks.taken} session=${session} me=${me} />
        ${Status && html`<${Status} ...${{ session, game, pending: marks.pending, marks: marks.all }} complete=${view.logComplete} />`}
        <${UndoStrip} ...${{ session, me, last: marks.last, undone: marks.undone, pending: marks.pending, refused: marks.refused, canUndo: scores }}
          onUndo=${acts.undoSeq} onRedo=${acts.redo} onTakeBack=${takeBack} onOpen=${() => open({ mark: marks.last })} />
        <div class="hidden" aria-live="polite">${marks.last ? markSentence(marks.last, session) : ''}</div>
        ${scores ? html`<${BallPad} rules=${rules} game=${game} pending=${marks.pending} nextName=${nameOf(session, nextInOrder(game.order, selected))}
            onPot=${acts.pot} onFoul=${() => acts.foul()} onPass=${acts.pass} onMore=${() => open('more')} />`
          : html`<p class="foot quiet center">${t('table.watching')}</p>`}
      </div>
    </div>
    ${sheet && html`<${TableSheets} ...${{ sheet, open, view, session, me, marks, selected, acts, scores }} />`}
  </main>`
}

/** The marks of this game: taken and on their way, the last one, and what an undo took. */
function useMarks({ state: { events } }, session) {
  const { current_game: game, rules } = session
  const items = useStore(waiting).filter((item) => item.session_id === session.id)
  const pending = unsettled(items, events)
  const taken = standingMarks(events, game.id)
  const leaving = new Set(pending.filter((item) => item.command.type === 'void_event').map((item) => item.command.seq))
  const coming = pending.filter((item) => item.command.participant_id && !item.undo).map((item) => asEvent(item.command, rules))
  return {
    pending, taken, all: [...taken.filter((event) => !leaving.has(event.seq)), ...coming],
    refused: items.filter((item) => item.state === 'refused'),
    last: lastMark(events, game.id), undone: undoneMarks(events, game.id).at(-1),
    waits: pendingPoints(pending, { game, rules, events }), turn: expectedTurn(game, pending),
  }
}

/** Whom the next mark is for: whose turn it is, unless somebody else was chosen. */
function useSelected({ pending, turn }, seq, list) {
  const [chosen, choose] = useState(null)
  // After each event and each own mark the selection follows the turn.
  useEffect(() => choose(null), [seq, pending.length])
  useEffect(() => list.current?.querySelector('[aria-pressed=true]')?.scrollIntoView({ block: 'nearest' }), [chosen, turn])
  return [chosen ?? turn, choose]
}

function actions({ session, marks, selected, list }) {
  const command = (body) => mark(session.id, body)
  return {
    command,
    pot(ball, button) {
      fly(button, list.current?.querySelector(`[data-participant="${selected}"]`))
      command({ type: 'pot_ball', participant_id: selected, ...ball })
    },
    foul: (more) => command({ type: 'commit_foul', participant_id: selected, ...more }),
    pass: (reason) => command({ type: 'end_turn', participant_id: selected, reason }),
    send: (body) => command({ participant_id: selected, ...body }),
    undoSeq: (seq) => command({ type: 'void_event', seq }),
    redo: (event) => command(commandOf(event, session.rules)),
    /** As the strip does: what waits first. */
    undo() {
      const item = marks.pending.at(-1)
      if (item) takeBack(item.id)
      else if (marks.last) command({ type: 'void_event', seq: marks.last.seq })
    },
  }
}

function keyboard({ acts, scores, marks, game, selected, select, open }) {
  const help = { help: () => open('keys') }
  if (!scores) return help
  const at = game.order.indexOf(selected)
  return {
    ...help,
    pot: (ball) => acts.pot(ball),
    choose: (by) => select(game.order[(at + by + game.order.length) % game.order.length]),
    foul: () => acts.foul(),
    safety: () => acts.pass('safety'),
    miss: () => acts.pass('miss'),
    undo: acts.undo,
    redo: () => marks.undone && !marks.pending.length && acts.redo(marks.undone),
  }
}
