// rules_draft.js: the rules as a form holds them (texts and numbers as typed) and back, field by field.
import { gameOf } from './games/index.js'
import { moneyInput, parseMoney } from './money.js'

export const ORDERS = ['random_no_repeat', 'always_random', 'manual']

/** Where no template of a game is at hand. */
export function defaultRules(gameType) {
  return gameOf({ game_type: gameType }).defaults()
}

export function toDraft(rules) {
  const game = gameOf(rules)
  return { rules, price: moneyInput(rules[game.priceField] ?? 0, rules.currency), ...game.draftOf(rules) }
}

/** `{rules}`, or `{field}` naming what can't be understood. */
export function fromDraft(draft) {
  const { rules, price } = draft
  const game = gameOf(rules)
  const minor = parseMoney(price, rules.currency)
  if (minor == null) return { field: 'price' }
  const read = game.fromDraft(draft)
  if (read.field) return read
  const next = { ...rules, [game.priceField]: minor, ...read }
  // What was left empty is not in the rules.
  return { rules: Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)) }
}
