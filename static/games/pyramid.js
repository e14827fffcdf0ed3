// games/pyramid.js: two sides race to a number of balls. Americana, where any ball is a cue ball, and Moscow pyramid.
import { html } from '../html.js'
import { money, t } from '../i18n.js'
import { nextInOrder } from '../game_view.js'
import { parseWhole } from '../money.js'
import { Ball } from '../components/ball.js'
import { Choice, Field, named } from '../components/choice.js'

const FOULS = ['opponent_plus_one', 'offender_minus_one']

const pyramid = (type, hasOwnBall) => ({
  type,
  priceField: 'game_price',
  foulWeights: () => [],
  defaults: () => ({
    game_type: type, currency: 'RUB', game_price: 50000, target_balls: 8, format: '1x1',
    foul: { kind: 'opponent_plus_one' }, order: 'random_no_repeat',
  }),
  priceText: (rules) => t('rules.per_game', { price: money(rules.game_price, rules.currency), n: rules.target_balls }),
  draftOf: (rules) => ({ target: String(rules.target_balls ?? ''), race: rules.race_to ? String(rules.race_to) : '' }),
  fromDraft({ target, race }) {
    const target_balls = parseWhole(target, 1, 15)
    if (target_balls == null) return { field: 'target' }
    const race_to = race.trim() ? parseWhole(race, 1, 50) : undefined
    return race_to === null ? { field: 'race' } : { target_balls, race_to }
  },
  leastPlayers: playersOf,
  mostPlayers: playersOf,
  why: () => 'pyramid',
  ring: () => null,
  ballPoints: () => 1,
  foulPoints: () => 1,
  foulGoesToOther: (rules) => rules.foul?.kind === 'opponent_plus_one',
  foulScores: (rules, game, { participant_id: id }) => (rules.foul?.kind === 'offender_minus_one' ? [[id, -1]] : [[nextInOrder(game.order, id), 1]]),
  padBalls: () => [
    { ball: { color: 'white' }, points: 1, name: t('table.potted') },
    ...(hasOwnBall ? [{ ball: { color: 'white', own_ball: true }, points: 1, name: t('table.own_ball') }] : []),
  ],
  example,
  onTable: () => '',
  Fields,
  Balls: () => null,
  Pad: ({ onPot }) => html`<${Pad} hasOwnBall=${hasOwnBall} onPot=${onPot} />`,
})

export const americana = pyramid('americana', false)
export const moscowPyramid = pyramid('moscow_pyramid', true)

function playersOf(rules) {
  return rules.format === '2x2' ? 4 : 2
}

function example(rules) {
  const price = rules.game_price
  const pair = rules.format === '2x2'
  const nets = pair ? [price, -price, price, -price] : [price, -price]
  return { players: nets.length, steps: [
    { key: `example.${rules.foul?.kind ?? 'opponent_plus_one'}`, by: 1, to: 0 },
    { key: pair ? 'example.pair_wins' : 'example.wins', by: 0, to: 2, words: { n: rules.target_balls }, nets },
  ] }
}

function Fields({ draft, set, rule }) {
  const { rules } = draft
  return html`<${Field} label=${t('rules.target')} inputmode="numeric" value=${draft.target} data-testid="target"
      onInput=${(e) => set({ target: e.target.value })} />
    <${Field} label=${t('rules.race_to')} inputmode="numeric" value=${draft.race} data-testid="race-to" onInput=${(e) => set({ race: e.target.value })} />
    <${Choice} name="format" label=${t('rules.format')} value=${rules.format} options=${[['1x1', '1 × 1'], ['2x2', '2 × 2']]}
      onChange=${(format) => rule({ format })} />
    <${Choice} name="foul" label=${t('table.foul')} value=${rules.foul.kind} options=${named('rules.foul', FOULS)}
      onChange=${(kind) => rule({ foul: { kind } })} />`
}

function Pad({ hasOwnBall, onPot }) {
  return html`<div class="balls pyramid">
    <button type="button" data-testid="ball-white" onClick=${(e) => onPot({ color: 'white' }, e.currentTarget)}>
      <${Ball} color="white" hidden /><span>${t('table.potted')}</span></button>
    ${hasOwnBall && html`<button type="button" data-testid="ball-own" onClick=${(e) => onPot({ color: 'white', own_ball: true }, e.currentTarget)}>
      <${Ball} color="white" own hidden /><span>${t('table.own_ball')}</span></button>`}
  </div>`
}
