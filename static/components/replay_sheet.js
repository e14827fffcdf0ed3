// A game again, mark by mark: a scrubber, a step back or on, or all by itself.
import { html, useEffect, useMemo, useState } from '../html.js'
import { duration, gain, t } from '../i18n.js'
import { isMark, nameOf, pottedBalls } from '../game_view.js'
import { trend } from '../money.js'
import { replayOf, scoresAt, since } from '../replay.js'
import { Ball } from './ball.js'
import { Icon } from './icon.js'
import { MarkText } from './mark_text.js'
import { Sheet } from './sheet.js'

const STEP_MS = 900

export function ReplaySheet({ view, session, game, onClose }) {
  const { events } = view.state
  const frames = useMemo(() => replayOf(events, game.id), [events, game.id])
  const [at, go] = useState(0)
  const [playing, play] = useState(false)
  const last = frames.length - 1
  useEffect(() => {
    if (!playing) return undefined
    if (at >= last) return void play(false)
    const timer = setTimeout(() => go(at + 1), STEP_MS)
    return () => clearTimeout(timer)
  }, [playing, at, last])
  const step = (to) => { play(false); go(Math.max(0, Math.min(last, to))) }
  return html`<${Sheet} title=${t('replay.title', { n: game.number })} onClose=${onClose} testid="replay" tall>
    ${frames.length === 0 ? html`<p class="quiet">${t(view.logComplete ? 'replay.none' : 'state.loading')}</p>`
      : html`<${Moment} frames=${frames} at=${at} session=${session} />
        <label class="scrub"><span class="hidden">${t('replay.moment')}</span>
          <input type="range" min="0" max=${last} value=${at} aria-valuetext=${t('replay.of', { n: at, all: last })} data-testid="replay-scrub" onInput=${(e) => step(Number(e.target.value))} /></label>
        <div class="replay-buttons">
          <button type="button" class="small" disabled=${at === 0} aria-label=${t('replay.back')} data-testid="replay-back" onClick=${() => step(at - 1)}><${Icon} name="back" /></button>
          <button type="button" class="big" data-testid="replay-play" onClick=${() => { if (at >= last) go(0); play(!playing) }}>${t(playing ? 'replay.pause' : 'replay.play')}</button>
          <button type="button" class="small" disabled=${at === last} aria-label=${t('replay.on')} data-testid="replay-on" onClick=${() => step(at + 1)}><${Icon} name="on" /></button>
        </div>`}
  </${Sheet}>`
}

function Moment({ frames, at, session }) {
  const frame = frames[at]
  const { event, game } = frame
  const seen = frames.slice(0, at + 1).map((f) => f.event)
  const balls = pottedBalls(seen, game.id)
  return html`<p class="replay-mark" aria-live="polite" data-testid="replay-mark"><time>${duration(since(frames, at) / 1000)}</time>
      ${isMark(event) ? html`<${MarkText} event=${event} session=${session} />` : html`<b>${t(`event.${event.type}`, { n: game.number, name: nameOf(session, event.data.participant_id) })}</b>`}
      <span class="quiet">${t('replay.of', { n: at, all: frames.length - 1 })}</span></p>
    <div class="rows replay-rows">${scoresAt(frame).map((score) => html`<div class="row replay-row${score.participant_id === game.current_participant_id && game.status === 'in_progress' ? ' turn' : ''}" key=${score.participant_id} data-testid="replay-row">
      <span class="who"><b class="name">${nameOf(session, score.participant_id)}</b>
        <span class="sub">${(balls.get(score.participant_id) ?? []).slice(-12).map((ball) => html`<${Ball} color=${ball.color} own=${ball.own} />`)}</span></span>
      <b class="pts" data-testid="replay-points">${String(score.points).replace('-', '\u2212')}</b>
      <span class="m ${trend(score.net)}">${gain(score.net, session.rules.currency)}</span>
    </div>`)}</div>`
}
