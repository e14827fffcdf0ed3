// stats_view.js: PURE. Statistics as they are drawn: scales of charts, shares of bars, lists by day.

const STEPS = [1, 2, 5, 10]
const RARE = [[0.02, 'legendary'], [0.1, 'epic'], [0.3, 'rare'], [1, 'common']]

/** Round amounts that hold `least` to `most`, with 0 among them; `unit`: the least step. */
export function ticks(least, most, unit = 100, wanted = 3) {
  const low = Math.min(0, least)
  const high = Math.max(0, most)
  const rough = Math.max(unit, (high - low) / wanted)
  const power = 10 ** Math.floor(Math.log10(rough / unit))
  const step = STEPS.map((n) => n * power * unit).find((size) => size >= rough - 1e-9)
  const first = Math.floor(low / step)
  const last = Math.max(first + 1, Math.ceil(high / step))
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step)
}

/** Money over time: the total before the first point, then at each. */
export function totalsOf(series) {
  return [series.before, ...series.items.map((point) => point.total)]
}

/** Game types that were played, most often first. */
export function playedTypes(statistics) {
  return Object.entries(statistics.by_game_type ?? {}).filter(([, totals]) => totals.games > 0)
    .sort(([, a], [, b]) => b.games - a.games).map(([type]) => type)
}

/** Currencies by how much moved in them is not told: those of the totals, the home one first. */
export function currencies(totals) {
  const all = Object.keys(totals.nets ?? {}).sort((a, b) => (b === 'RUB') - (a === 'RUB') || a.localeCompare(b))
  return all.length ? all : ['RUB']
}

/** Colours with how many balls and which part of the most frequent one, most first. */
export function ballShares(balls = {}) {
  const all = Object.entries(balls).filter(([, n]) => n > 0).sort(([, a], [, b]) => b - a)
  const most = all[0]?.[1] ?? 1
  return all.map(([color, n]) => ({ color, n, share: n / most }))
}

/** All achievements: the earned ones first, the latest before; then the others, the most frequent before. */
export function withEarned(kinds, earned) {
  const mine = new Map(earned.map((one) => [one.code, one.earned_at]))
  return kinds.map((kind) => ({ ...kind, earned_at: mine.get(kind.code) ?? null })).sort((a, b) => {
    if (a.earned_at && b.earned_at) return a.earned_at < b.earned_at ? 1 : -1
    if (a.earned_at || b.earned_at) return a.earned_at ? -1 : 1
    return b.rarity - a.rarity
  })
}

export const rarityWord = (rarity) => RARE.find(([upTo]) => rarity <= upTo)?.[1] ?? 'common'

/** Things in their order, put together by the day that `dayOf` names. */
export function byDay(items, dayOf) {
  const days = []
  for (const item of items) {
    const day = dayOf(item)
    if (days.at(-1)?.day !== day) days.push({ day, items: [] })
    days.at(-1).items.push(item)
  }
  return days
}

/** What is played for outcome `wanted` (`all`, `won`, `lost`). */
export const outcome = (games, wanted) => games.filter((game) => wanted === 'all' || game.won === (wanted === 'won'))

/** Query of a list by what is chosen; `all` and nothing are left out. */
export function query(chosen) {
  const words = Object.entries(chosen).filter(([, value]) => value && value !== 'all').map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  return words.length ? `?${words.join('&')}` : ''
}

/** The line of one player on a board, looked for page by page by the function that reads them; `null` where it takes more than `most`. */
export async function placeOf(read, asked, userId, most = 5) {
  let cursor = null
  for (let page = 0; page < most; page += 1) {
    const { items, next_cursor: next } = await read(`/api/v1/stats/leaderboard${query({ ...asked, limit: 200, ...(cursor && { cursor }) })}`)
    const found = items.find((one) => one.user_id === userId)
    if (found || !next) return found ?? null
    cursor = next
  }
  return null
}
