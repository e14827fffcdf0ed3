// games/kolkhoz.js: every potted ball is paid for; each is paid by the one before him and pays the one after.
import { html } from '../html.js'
import { money, t } from '../i18n.js'
import { nameOf, nextInOrder } from '../game_view.js'
import { parseWhole } from '../money.js'
import { Ball } from '../components/ball.js'
import { BallsForm } from '../components/balls_form.js'
import { Choice, Select, named } from '../components/choice.js'

const COLORS = ['white', 'yellow', 'red', 'green', 'brown', 'blue', 'pink', 'black']
const LAST_BALL = ['value', 'value_plus_one', 'player_count', 'player_count_plus_value']
const FOULS = ['subtract', 'pool', 'none']

export const kolkhoz = {
  type: 'kolkhoz',
  priceField: 'point_price',
  foulWeights: (rules) => (rules.foul?.kind === 'subtract' ? [1, 2, 3, 4, 5, 6, 7] : []),
  defaults: () => ({
    game_type: 'kolkhoz', currency: 'RUB', point_price: 5000,
    balls: COLORS.filter((c) => c !== 'red').map((color, i) => ({ color, points: i + 1 })),
    payer: 'previous', last_ball: 'value', foul: { kind: 'subtract', points: 1 }, order: 'random_no_repeat',
    alternate_direction: false, enforce_turns: false, min_players: 2, max_players: 8,
  }),
  priceText: (rules) => t('rules.per_point', { price: money(rules.point_price, rules.currency) }),
  draftOf: (rules) => ({
    balls: COLORS.map((color) => {
      const ball = rules.balls?.find((b) => b.color === color)
      return { color, on: Boolean(ball), points: String(ball?.points ?? ''), count: ball?.count == null ? '' : String(ball.count) }
    }),
  }),
  fromDraft({ balls }) {
    const chosen = balls.filter((ball) => ball.on)
    const read = chosen.map((ball) => ({
      color: ball.color, points: parseWhole(ball.points, 1, 100), ...(ball.count.trim() && { count: parseWhole(ball.count, 1, 16) }),
    }))
    if (!read.length || read.some((ball) => ball.points == null || ball.count === null)) return { field: 'balls' }
    return { balls: read }
  },
  leastPlayers: (rules) => rules.min_players ?? 2,
  mostPlayers: (rules) => rules.max_players,
  why: (rules) => (rules.payer === 'everyone' ? 'everyone' : 'previous'),
  ring(game, rules, participantId) {
    if (rules.payer !== 'previous' || !game.results) return null
    const at = game.order.indexOf(participantId)
    const result = (id) => game.results.find((r) => r.participant_id === id)
    const mine = result(participantId)
    const previous = game.order[(at + game.order.length - 1) % game.order.length]
    const next = nextInOrder(game.order, participantId)
    const earned = rules.point_price * mine.points
    const paid = rules.point_price * (result(next)?.points ?? 0)
    return earned - paid === mine.net ? { previous, next, points: mine.points, nextPoints: result(next).points, earned, paid } : null
  },
  ballPoints: (rules, { color }) => rules.balls.find((ball) => ball.color === color)?.points ?? 1,
  foulPoints: (rules) => rules.foul?.points ?? 0,
  foulGoesToOther: () => false,
  foulGoesToBank: (rules) => rules.foul?.kind === 'pool',
  foulScores: (rules, game, { participant_id: id, points }) => (rules.foul?.kind === 'subtract' ? [[id, -(points ?? rules.foul.points ?? 1)]] : []),
  padBalls: (rules) => rules.balls.map(({ color, points }) => ({ ball: { color }, points, name: t(`color.${color}`) })),
  example,
  onTable(game) {
    const left = game.remaining.filter((r) => r.count != null).reduce((sum, r) => sum + r.count, 0)
    return left ? t('board.left', { n: left }) : ''
  },
  Fields,
  Balls,
  Pad,
  Status,
}

/** PURE: the fines that wait for the next pot, by owner. */
export function bankOf(marks) {
  const bank = new Map()
  for (const { type, data } of marks) {
    if (type === 'game.ball_potted') bank.clear()
    else if (type === 'game.foul_committed') bank.set(data.participant_id, (bank.get(data.participant_id) ?? 0) + data.points)
  }
  return [...bank].map(([participant_id, points]) => ({ participant_id, points }))
}

/** Fouls that pile up until somebody pots. Without the whole log the server's word of the beginning holds. */
function Status({ session, game, marks, complete }) {
  if (!kolkhoz.foulGoesToBank(session.rules)) return null
  const bank = complete ? bankOf(marks) : game.fines ?? []
  const sum = bank.reduce((all, fine) => all + fine.points, 0)
  if (!sum) return html`<p class="on-table" data-testid="bank" data-sum="0">${t('bank.empty')}</p>`
  const owners = bank.map((fine) => `${nameOf(session, fine.participant_id)} ${fine.points}`).join(', ')
  return html`<p class="on-table bank" data-testid="bank" data-sum=${sum}>${t('bank.sum')} <b>${sum}</b> <span class="owners name">${owners}</span></p>`
}

/** Three players, the dearest ball, the cheapest one and a foul; nothing is rounded, so the sums are the server's. */
function example(rules) {
  const dear = rules.balls.reduce((a, b) => (b.points > a.points ? b : a))
  const cheap = rules.balls.reduce((a, b) => (b.points < a.points ? b : a))
  const points = [0, 0, 0]
  let fine = 0
  const nets = () => points.map((mine, i) => {
    const others = rules.payer === 'everyone' ? points.reduce((a, b) => a + b) - mine : points[(i + 1) % 3]
    return rules.point_price * (mine * (rules.payer === 'everyone' ? 2 : 1) - others + (i === 0 ? fine : i === 2 ? -fine : 0))
  })
  const step = (key, by, words) => ({ key, by, words, nets: nets() })
  const pot = (by, ball) => {
    points[by] += ball.points
    return step('example.pot', by, { ball: t(`color.${ball.color}`), points: t('points', { n: ball.points }) })
  }
  const steps = [pot(0, dear), pot(1, cheap)]
  if (rules.foul?.kind === 'subtract') {
    points[2] -= rules.foul.points ?? 1
    steps.push(step('example.foul', 2, { n: rules.foul.points ?? 1 }))
  } else if (rules.foul?.kind === 'pool') {
    steps.push({ key: 'example.fine', by: 2 })
    points[0] += cheap.points
    fine = 1
    steps.push(step('example.collect', 0, { ball: t(`color.${cheap.color}`), points: t('points', { n: cheap.points }) }))
  }
  return { players: 3, steps }
}

function Fields({ draft, set, rule }) {
  const { rules, balls } = draft
  const counted = balls.some((b) => b.on && b.count.trim())
  const foul = (kind) => rule({ foul: kind === 'subtract' ? { kind, points: 1 } : { kind } })
  return html`<${BallsForm} balls=${balls} onChange=${(next) => set({ balls: next })} />
    <${Choice} name="payer" label=${t('rules.payer')} value=${rules.payer} options=${named('rules.payer', ['previous', 'everyone'])}
      onChange=${(payer) => rule({ payer })} />
    ${counted && html`<${Select} label=${t('rules.last_ball')} value=${rules.last_ball} options=${named('rules.last_ball', LAST_BALL)}
      onChange=${(last_ball) => rule({ last_ball })} />`}
    <${Choice} name="foul" label=${t('table.foul')} value=${rules.foul.kind} options=${named('rules.foul', FOULS)} onChange=${foul} />`
}

function Balls({ rules }) {
  return html`<p class="rule-balls">${rules.balls.map((ball) => html`<span><${Ball} color=${ball.color} size=${18} />${ball.points}${ball.count ? ` ×${ball.count}` : ''}</span>`)}</p>`
}

function Pad({ rules, game, pending, onPot, onMore }) {
  return html`<div class="balls">
    ${rules.balls.map((ball) => html`<${PadBall} ball=${ball} left=${leftOf(ball.color, game, pending)} onPot=${onPot} />`)}
    ${onMore && rules.balls.length % 4 !== 0 && html`<button type="button" class="more" aria-label=${t('table.more')} onClick=${onMore}>···</button>`}
  </div>`
}

function PadBall({ ball, left, onPot }) {
  const name = t(`color.${ball.color}`)
  const label = `${name}, ${t('points', { n: ball.points })}${left == null ? '' : `, ${t('table.left', { n: left })}`}`
  return html`<button type="button" data-testid="ball-${ball.color}" aria-label=${label} disabled=${left === 0}
      onClick=${(event) => onPot({ color: ball.color }, event.currentTarget)}>
    <${Ball} color=${ball.color} hidden /><span>${ball.points}${left == null ? '' : ` · ×${left}`}</span>
  </button>`
}

function leftOf(color, game, pending) {
  const count = game.remaining.find((left) => left.color === color)?.count
  if (count == null) return null
  return Math.max(0, count - pending.filter((i) => i.command.type === 'pot_ball' && i.command.color === color).length)
}
