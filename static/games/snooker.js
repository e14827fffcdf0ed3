// games/snooker.js: a game is one frame. A red, then any colour; then the colours in ascending order.
import { html, useState } from '../html.js'
import { money, t } from '../i18n.js'
import { nextInOrder } from '../game_view.js'
import { moneyInput, parseMoney, parseWhole } from '../money.js'
import { Ball } from '../components/ball.js'
import { Choice, Field, Switch } from '../components/choice.js'
import { Asking } from '../components/asking.js'

const COLORS = ['yellow', 'green', 'brown', 'blue', 'pink', 'black']
const BALLS = ['red', ...COLORS]
const FOULS = [4, 5, 6, 7]
const VALUES = Object.fromEntries(BALLS.map((color, at) => [color, at + 1]))
/** A red and the black after it. */
const RED_AND_BEST = 8

export const snooker = {
  type: 'snooker',
  priceField: 'frame_price',
  foulWeights: () => [],
  defaults: () => ({
    game_type: 'snooker', currency: 'RUB', reds: 15, format: '1x1', frame_price: 50000, point_price: 0, foul_points: 4,
    enforce_balls: true, order: 'random_no_repeat', enforce_turns: false,
  }),
  priceText: (rules) => t('rules.per_frame', { price: money(rules.frame_price, rules.currency) }),
  draftOf: (rules) => ({ point: moneyInput(rules.point_price ?? 0, rules.currency), race: rules.race_to ? String(rules.race_to) : '' }),
  fromDraft({ rules, point, race }) {
    const point_price = parseMoney(point, rules.currency)
    if (point_price == null) return { field: 'price' }
    const race_to = race.trim() ? parseWhole(race, 1, 50) : undefined
    return race_to === null ? { field: 'race' } : { point_price, race_to }
  },
  leastPlayers: playersOf,
  mostPlayers: playersOf,
  why: () => 'snooker',
  ring: () => null,
  ballPoints: (rules, { color, free_ball }) => (free_ball ? 1 : VALUES[color]),
  foulPoints: (rules) => rules.foul_points ?? 4,
  foulGoesToOther: () => true,
  foulScores: (rules, game, { participant_id: id, points }) => [[nextInOrder(game.order, id), points ?? rules.foul_points ?? 4]],
  padBalls: () => BALLS.map((color) => ({ ball: { color }, points: VALUES[color], name: t(`color.${color}`) })),
  example,
  onTable({ ball_on: on, points_remaining: left, scores }) {
    const best = Math.max(0, ...scores.map((score) => score.break ?? 0))
    return [
      on && `${t('snooker.on')} ${t(on === 'color' ? 'snooker.any_color' : `color.${on}`)}`,
      left != null && t('snooker.left', { n: left }),
      best > 0 && `${t('snooker.break')} ${best}`,
    ].filter(Boolean).join(' · ')
  },
  Fields,
  Balls: ({ rules }) => html`<p class="rule-balls">${BALLS.map((color) => html`<span><${Ball} color=${color} size=${18} />${color === 'red' ? `×${rules.reds ?? 15}` : VALUES[color]}</span>`)}</p>`,
  Pad,
  Status,
  More,
}

function playersOf(rules) {
  return rules.format === '2x2' ? 4 : 2
}

function example(rules) {
  const sum = (rules.frame_price ?? 0) + 22 * (rules.point_price ?? 0)
  const pair = rules.format === '2x2'
  const nets = pair ? [sum, -sum, sum, -sum] : [sum, -sum]
  return { players: nets.length, steps: [{ key: pair ? 'example.pair_frame' : 'example.frame', by: 0, to: 2, words: { score: '62 : 40', price: money(rules.frame_price ?? 0, rules.currency), point: money(rules.point_price ?? 0, rules.currency) }, nets }] }
}

function Fields({ draft, set, rule }) {
  const { rules } = draft
  return html`<${Field} label=${t('rules.point_difference', { currency: rules.currency })} inputmode="decimal" value=${draft.point}
      data-testid="point-price" onInput=${(e) => set({ point: e.target.value })} />
    <${Choice} name="reds" label=${t('rules.reds')} value=${rules.reds ?? 15} options=${[[15, '15'], [10, '10'], [6, '6']]} onChange=${(reds) => rule({ reds })} />
    <${Choice} name="format" label=${t('rules.format')} value=${rules.format ?? '1x1'} options=${[['1x1', '1 × 1'], ['2x2', '2 × 2']]}
      onChange=${(format) => rule({ format })} />
    <${Field} label=${t('rules.race_to')} inputmode="numeric" value=${draft.race} data-testid="race-to" onInput=${(e) => set({ race: e.target.value })} />
    <${Switch} label=${t('rules.enforce_balls')} hint=${t('rules.enforce_balls_hint')} value=${rules.enforce_balls ?? true}
      testid="enforce-balls" onChange=${(enforce_balls) => rule({ enforce_balls })} />`
}

/** PURE: the frame once the marks that wait have been taken: what is on, what is left, the break of the visit. */
export function frameAfter(game, commands) {
  const count = (color) => game.remaining.find((ball) => ball.color === color)?.count ?? 0
  let [reds, isAnyOn, visitor] = [count('red'), game.ball_on === 'color', game.current_participant_id]
  let colors = COLORS.filter((color) => count(color) > 0)
  let run = game.scores.find((score) => score.participant_id === visitor)?.break ?? 0
  const on = () => (isAnyOn ? 'color' : reds > 0 ? 'red' : colors[0] ?? null)
  const leave = (next) => { [isAnyOn, run, visitor] = [false, 0, next] }
  for (const { type, participant_id: id, color, count: several = 1, free_ball: isFree, reds: lost = 0 } of commands) {
    if (id !== visitor) leave(id)
    const was = on()
    if (type !== 'pot_ball') {
      reds = Math.max(0, reds - lost)
      leave(null)
    } else if (isFree) {
      run += VALUES[was] ?? 1
      isAnyOn = was === 'red'
    } else if (color === 'red') {
      run += several
      reds = Math.max(0, reds - several)
      isAnyOn = true
    } else {
      run += VALUES[color]
      if (was !== 'color' && was !== 'red') colors = colors.filter((left) => left !== color)
      isAnyOn = false
    }
  }
  const left = colors.reduce((sum, color) => sum + VALUES[color], 0) + (isAnyOn ? VALUES.black : 0) + reds * RED_AND_BEST
  return { on: on(), reds, left, run }
}

const MARKS = new Set(['pot_ball', 'commit_foul', 'end_turn'])

/** What a void on its way comes to is the server's to say. */
function frameOf(game, pending) {
  const commands = pending.filter((item) => !item.undo).map((item) => item.command)
  return frameAfter(game, commands.every((command) => MARKS.has(command.type)) ? commands : [])
}

function Status({ game, pending }) {
  if (game.points_remaining == null) return null
  const { on, left, run } = frameOf(game, pending)
  return html`<p class="on-table" data-testid="ball-on">${on && html`<span>${BALLS.includes(on) && html`<${Ball} color=${on} size=${16} hidden /> `}${t('snooker.on')} <b>${t(on === 'color' ? 'snooker.any_color' : `color.${on}`)}</b></span>`}
    <span data-testid="points-left">${t('snooker.left', { n: left })}</span>
    ${run > 0 && html`<span>${t('snooker.break')} <b data-testid="break">${run}</b></span>`}</p>`
}

/** Nothing is ever disabled: what waits for the network may have changed what is on, and the server says what is not. */
function Pad({ game, pending, onPot }) {
  const [isFree, setFree] = useState(false)
  const { on, reds } = frameOf(game, pending)
  const isOn = (color) => (isFree ? color !== 'red' && color !== on : color === on || (on === 'color' && color !== 'red'))
  const pot = (color) => (event) => {
    onPot(isFree ? { color, free_ball: true } : { color }, event.currentTarget)
    setFree(false)
  }
  return html`<div class="balls snooker">
    ${BALLS.map((color) => html`<button type="button" key=${color} class=${isOn(color) ? '' : 'off'} data-testid="ball-${color}"
      aria-label=${`${t(`color.${color}`)}, ${color === 'red' ? `${VALUES.red ?? 1} · ×${reds}` : t('points', { n: VALUES[color] })}`} onClick=${pot(color)}>
      <${Ball} color=${color} hidden /><span>${color === 'red' ? `1 · ×${reds}` : VALUES[color]}</span></button>`)}
    <button type="button" class="more${isFree ? ' on' : ''}" aria-pressed=${isFree} data-testid="free-ball" onClick=${() => setFree(!isFree)}>${t('mark.free_ball')}</button>
  </div>`
}

function More({ game, name, send }) {
  const [lost, setLost] = useState(0)
  const left = game.remaining.find((ball) => ball.color === 'red')?.count ?? 0
  const several = [2, 3, 4].filter((n) => n <= left)
  return html`<h3 class="h">${t('more.foul_points', { name })}</h3>
    ${left > 0 && html`<${Choice} name="lost-reds" label=${t('snooker.lost_reds')} value=${lost} options=${[0, 1, 2, 3].filter((n) => n <= left).map((n) => [n, String(n)])} onChange=${setLost} />`}
    <div class="points-pick">${FOULS.map((points) => html`<button type="button" class="small" data-testid="foul-${points}"
      onClick=${() => send({ type: 'commit_foul', points, ...(lost > 0 && { reds: lost }) })}>+${points}</button>`)}</div>
    ${several.length > 0 && html`<h3 class="h">${t('snooker.several_reds', { name })}</h3>
      <div class="points-pick">${several.map((count) => html`<button type="button" class="small" data-testid="reds-${count}"
        onClick=${() => send({ type: 'pot_ball', color: 'red', count })}>${count}</button>`)}</div>`}
    <${Asking} label=${t('snooker.concede', { name })} question=${t('snooker.concede_ask', { name })} yes=${t('snooker.concede', { name })}
      onYes=${() => send({ type: 'end_game', reason: 'conceded' })} testid="concede" danger=${false} />`
}
