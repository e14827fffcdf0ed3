// One player at the table: turn, name, potted balls, points and the money as it stands. Tapping it selects who is marked.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { trend } from '../money.js'
import { Ball } from './ball.js'
import { Counting } from './counting.js'
import { Face } from './face.js'

export function PlayerRow({ player, index, score, balls, pending, turn, next, selected, side, target, currency, evening, onSelect, disabled }) {
  const state = `${turn ? ' turn' : ''}${selected && !turn ? ' selected' : ''}`
  return html`<button type="button" class="player${state}" aria-pressed=${selected ? 'true' : 'false'} disabled=${disabled}
      data-testid="player" data-participant=${player.id} data-turn=${turn ? 'true' : 'false'} onClick=${onSelect}>
    <${Face} name=${player.display_name} index=${index} />
    <span class="who">
      <b><span class="name" data-testid="player-name">${player.display_name}</span>${tag({ turn, next, selected })}</b>
      <span class="sub">
        <span class="small-balls" data-testid="player-balls">
          ${balls.map((ball) => html`<${Ball} color=${ball.color} own=${ball.own} />`)}
          ${pending.map((item) => html`<${Ball} color=${item.command.color} pending />`)}
        </span>
        ${score.fouls > 0 && html`<span class="fouls">${t('fouls', { n: score.fouls })}</span>`}
      </span>
    </span>
    <span class="sums">
      <span class="pts" data-testid="points"><${Counting} value=${score.points} /></span>
      ${(side != null || target) && html`<span class="of">${side != null ? `${t('table.side')} ${side}` : ''}${target ? ` / ${target}` : ''}</span>`}
      <span class="net ${trend(score.net)}" data-testid="net">${gain(score.net, currency)}</span>
      ${evening !== score.net && html`<span class="of" data-testid="evening-net">${t('table.evening', { sum: gain(evening, currency) })}</span>`}
    </span>
  </button>`
}

function tag({ turn, next, selected }) {
  if (turn) return html`<em class="tag go">${t('table.turn')}</em>`
  if (selected) return html`<em class="tag chalk">${t('table.selected')}</em>`
  return next ? html`<em class="tag">${t('table.next')}</em>` : null
}
