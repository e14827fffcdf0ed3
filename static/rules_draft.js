// rules_draft.js: PURE. The rules as a form holds them (texts and numbers as typed) and back, field by field.
import { moneyInput, parseMoney } from './money.js'

export const COLORS = ['white', 'yellow', 'red', 'green', 'brown', 'blue', 'pink', 'black']
export const LAST_BALL = ['value', 'value_plus_one', 'player_count', 'player_count_plus_value']
export const ORDERS = ['random_no_repeat', 'always_random', 'manual']

/** Where no template of a game is at hand. */
export function defaultRules(gameType) {
  if (gameType === 'kolkhoz') {
    return {
      game_type: 'kolkhoz', currency: 'RUB', point_price: 5000,
      balls: COLORS.filter((c) => c !== 'red').map((color, i) => ({ color, points: i + 1 })),
      payer: 'previous', last_ball: 'value', foul: { kind: 'subtract', points: 1 }, order: 'random_no_repeat',
      alternate_direction: false, enforce_turns: false, min_players: 2, max_players: 8,
    }
  }
  return {
    game_type: gameType, currency: 'RUB', game_price: 50000, target_balls: 8, format: '1x1',
    foul: { kind: 'opponent_plus_one' }, order: 'random_no_repeat',
  }
}

export function toDraft(rules) {
  const price = moneyInput(rules.point_price ?? rules.game_price ?? 0, rules.currency)
  const balls = COLORS.map((color) => {
    const ball = rules.balls?.find((b) => b.color === color)
    return { color, on: Boolean(ball), points: String(ball?.points ?? ''), count: ball?.count == null ? '' : String(ball.count) }
  })
  return { rules, price, balls, target: String(rules.target_balls ?? '') }
}

/** `{rules}`, or `{field}` naming what can't be understood. */
export function fromDraft({ rules, price, balls, target }) {
  const minor = parseMoney(price, rules.currency)
  if (minor == null) return { field: 'price' }
  if (rules.game_type !== 'kolkhoz') {
    const target_balls = whole(target, 1, 15)
    return target_balls == null ? { field: 'target' } : { rules: { ...rules, game_price: minor, target_balls } }
  }
  const chosen = balls.filter((ball) => ball.on)
  if (!chosen.length) return { field: 'balls' }
  const read = chosen.map((ball) => ({
    color: ball.color, points: whole(ball.points, 1, 100), ...(ball.count.trim() && { count: whole(ball.count, 1, 16) }),
  }))
  if (read.some((ball) => ball.points == null || ball.count === null)) return { field: 'balls' }
  return { rules: { ...rules, point_price: minor, balls: read } }
}

function whole(text, least, most) {
  if (!/^\d{1,3}$/.test(text.trim())) return null
  const n = Number(text)
  return n >= least && n <= most ? n : null
}
