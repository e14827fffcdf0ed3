// The picture of the first screen: a table with a ball on its way into a pocket, and the score that everybody sees.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { trend } from '../money.js'
import { Ball } from './ball.js'
import { Face } from './face.js'

const POCKETS = [[22, 22], [160, 17], [298, 22], [22, 138], [160, 143], [298, 138]]
const BALLS = [['white', 78, 72], ['yellow', 196, 78], ['blue', 238, 88], ['red', 122, 38], ['brown', 46, 44], ['pink', 262, 40]]
// Fifty roubles a point, paid by the player before: the sums are those of a real game.
const PLAYERS = [
  { name: 'welcome.name_1', balls: ['pink', 'yellow', 'white'], points: 9, net: 20000 },
  { name: 'welcome.name_2', balls: ['blue'], points: 5, net: 10000 },
  { name: 'welcome.name_3', balls: ['white', 'yellow'], points: 3, net: -30000 },
]

export function Hero() {
  return html`<div class="hero" role="img" aria-label=${t('welcome.picture')}>
    <svg viewBox="0 0 320 160" aria-hidden="true">
      <rect class="rail" width="320" height="160" rx="20" /><rect class="cloth" x="16" y="16" width="288" height="128" rx="6" />
      ${POCKETS.map(([x, y]) => html`<circle class="pocket" cx=${x} cy=${y} r="10" />`)}
      <path class="way" d="M90 70L250 42M274 35L290 28" />
      ${BALLS.map(([color, x, y]) => html`<g class=${color}><ellipse class="under" cx=${x + 2} cy=${y + 3} rx="10" ry="9.5" /><circle class="body" cx=${x} cy=${y} r="10" />
        <circle class="shine" cx=${x - 3} cy=${y - 4} r="2.6" /></g>`)}
    </svg>
    <div class="hero-score" aria-hidden="true">${PLAYERS.map((player, index) => html`<${Line} ...${player} index=${index} />`)}</div>
  </div>`
}

function Line({ name, balls, points, net, index }) {
  return html`<div class="hero-line${index === 0 ? ' turn' : ''}"><${Face} name=${t(name)} index=${index} />
    <span class="who"><b>${t(name)}${index === 0 && html`<em class="tag go">${t('table.turn')}</em>`}</b>
      <span class="small-balls">${balls.map((color) => html`<${Ball} color=${color} hidden />`)}</span></span>
    <b class="hero-points">${points}</b><span class="net ${trend(net)}">${gain(net, 'RUB')}</span></div>`
}
