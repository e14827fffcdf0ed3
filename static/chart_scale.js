// chart_scale.js: PURE. The lines of an evening's balances, and a scale of round amounts that holds them.

/** Cumulated balances, one line for each participant who played. */
export function linesOf(balance) {
  const numbers = [...new Set(balance.participants.flatMap((p) => p.games.map((g) => g.number)))].sort((a, b) => a - b)
  return balance.participants.map((p, index) => {
    let sum = 0
    const points = [0, ...numbers.map((number) => (sum += p.games.find((g) => g.number === number)?.net ?? 0))]
    return { id: p.participant_id, index, points, played: p.games.length > 0 }
  }).filter((line) => line.played)
}

/** Round amounts from at most the least to at least the most, at most `most` + 2 of them; zero is one. */
export function ticksOf(values, most = 4) {
  const low = Math.min(0, ...values)
  const high = Math.max(0, ...values)
  const rough = Math.max(1, (high - low) / most)
  const ten = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].find((n) => n * ten >= rough) * ten
  const ticks = []
  for (let tick = Math.floor(low / step) * step; tick < high + step; tick += step) ticks.push(tick)
  return ticks.length > 1 ? ticks : [...ticks, step]
}

/** Labels that would lie on each other move apart, within `room`: `[{y}]` in any order. */
export function spread(ends, gap, room) {
  const sorted = [...ends].sort((a, b) => a.y - b.y)
  for (let i = 1; i < sorted.length; i += 1) sorted[i] = { ...sorted[i], y: Math.max(sorted[i].y, sorted[i - 1].y + gap) }
  const over = Math.max(0, (sorted.at(-1)?.y ?? 0) - room)
  return sorted.map((end) => ({ ...end, y: end.y - over }))
}
