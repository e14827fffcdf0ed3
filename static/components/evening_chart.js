// The balances over the games of an evening, with amounts. Lines differ in colour and dash; each carries its player's
// number, which stands beside the name and the sum below. A tap on a name brings its line out.
import { html, useState } from '../html.js'
import { gain, t } from '../i18n.js'
import { linesOf, spread, ticksOf } from '../chart_scale.js'
import { nameOf } from '../game_view.js'
import { trend } from '../money.js'

const W = 340
const H = 240
const TOP = 16
const BOTTOM = 220
const RIGHT = W - 22
// Beside the `0`, where all lines begin.
const LEFT = 28
const DASHES = ['', '6 4', '2 4', '10 4 2 4', '', '6 4', '2 4', '10 4 2 4', '', '6 4']

export function EveningChart({ balance, session }) {
  const [chosen, choose] = useState(null)
  const lines = linesOf(balance).sort((a, b) => b.points.at(-1) - a.points.at(-1))
  if (!lines.length) return null
  const ticks = ticksOf(lines.flatMap((l) => l.points))
  const steps = lines[0].points.length - 1
  const x = (i) => LEFT + (i * (RIGHT - 8 - LEFT)) / steps
  const y = (v) => BOTTOM - ((v - ticks[0]) * (BOTTOM - TOP)) / (ticks.at(-1) - ticks[0])
  const look = (line) => `line-${line.index % DASHES.length}${chosen && chosen !== line.id ? ' dim' : ''}`
  const label = lines.map((l) => `${nameOf(session, l.id)} ${gain(l.points.at(-1), balance.currency)}`).join(', ')
  return html`<figure class="chart"><svg viewBox="0 0 ${W} ${H}" role="img" aria-label="${t('evening.chart')}: ${label}" data-testid="chart">
      ${ticks.map((tick) => html`<path class="axis${tick ? ' dashed' : ''}" d="M0 ${y(tick)}H${RIGHT}" /><text class="amount" x="1" y=${y(tick) - 3}>${gain(tick, balance.currency)}</text>`)}
      ${gamesShown(steps).map((n) => html`<text class="amount" text-anchor="middle" x=${x(n)} y=${H - 4}>${n}</text>`)}
      ${[...lines].sort((a, b) => (a.id === chosen) - (b.id === chosen)).map((line) => html`<path class="line ${look(line)}" stroke-dasharray=${DASHES[line.index % DASHES.length]}
        d=${line.points.map((v, i) => `${i ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join('')} />`)}
      ${spread(lines.map((line, at) => ({ line, at, y: y(line.points.at(-1)) })), 14, BOTTOM).map(({ line, at, y: place }) => html`<text class="letter ${look(line)}" x=${RIGHT - 2} y=${place + 4}>${at + 1}</text>`)}
    </svg>
    <figcaption class="legend">${lines.map((line, at) => html`<button type="button" key=${line.id} aria-pressed=${chosen === line.id} class=${look(line)} data-testid="chart-player" onClick=${() => choose(chosen === line.id ? null : line.id)}>
      <svg viewBox="0 0 26 8" width="26" height="8" aria-hidden="true"><path class="line ${look(line)}" stroke-dasharray=${DASHES[line.index % DASHES.length]} d="M2 4H24" /></svg>
      <i>${at + 1}</i><span class="name">${nameOf(session, line.id)}</span><b class="m ${trend(line.points.at(-1))}">${gain(line.points.at(-1), balance.currency)}</b></button>`)}</figcaption>
  </figure>`
}

/** Every game where they are few, else some of them. */
function gamesShown(steps) {
  const every = Math.ceil(steps / 8)
  return Array.from({ length: steps }, (_, i) => i + 1).filter((n) => n % every === 0)
}
