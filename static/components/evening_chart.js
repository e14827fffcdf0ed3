// The balances over the games of an evening. Lines differ in colour and dash, and each carries its player's letter.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { nameOf } from '../game_view.js'

const W = 320
const H = 110
const PAD = 12
const DASHES = ['', '6 4', '2 4', '10 4 2 4', '', '6 4', '2 4', '10 4 2 4']

/** PURE: cumulated balances, one line for each participant who played. */
export function linesOf(balance) {
  const numbers = [...new Set(balance.participants.flatMap((p) => p.games.map((g) => g.number)))].sort((a, b) => a - b)
  return balance.participants.map((p, index) => {
    let sum = 0
    const points = [0, ...numbers.map((number) => (sum += p.games.find((g) => g.number === number)?.net ?? 0))]
    return { id: p.participant_id, index, points, played: p.games.length > 0 }
  }).filter((line) => line.played)
}

export function EveningChart({ balance, session }) {
  const lines = linesOf(balance)
  if (!lines.length) return null
  const most = Math.max(1, ...lines.flatMap((l) => l.points.map(Math.abs)))
  const steps = lines[0].points.length - 1
  const x = (i) => 4 + (i * (W - 24)) / steps
  const y = (v) => H / 2 - (v * (H / 2 - PAD)) / most
  const label = lines.map((l) => `${nameOf(session, l.id)} ${gain(l.points.at(-1), balance.currency)}`).join(', ')
  return html`<div class="chart"><svg viewBox="0 0 ${W} ${H}" role="img" aria-label="${t('evening.chart')}: ${label}" data-testid="chart">
    <path class="axis" d="M0 ${H / 2}H${W}" /><path class="axis dashed" d="M0 ${y(most)}H${W}M0 ${y(-most)}H${W}" />
    ${lines.map((line) => html`<path class="line line-${line.index % 8}" stroke-dasharray=${DASHES[line.index % 8]}
      d=${line.points.map((v, i) => `${i ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join('')} />`)}
    ${spread(lines.map((line) => ({ line, y: y(line.points.at(-1)) }))).map(({ line, y: at }) => html`<text class="letter line-${line.index % 8}" x=${W - 15} y=${at + 4}>
      ${[...nameOf(session, line.id)][0]}</text>`)}
  </svg></div>`
}

// Letters that would lie on each other move apart.
function spread(ends) {
  const sorted = [...ends].sort((a, b) => a.y - b.y)
  for (let i = 1; i < sorted.length; i += 1) sorted[i].y = Math.max(sorted[i].y, sorted[i - 1].y + 12)
  const over = Math.max(0, (sorted.at(-1)?.y ?? 0) - (H - 6))
  return sorted.map((end) => ({ ...end, y: end.y - over }))
}
