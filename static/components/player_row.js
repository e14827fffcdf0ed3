// One player at the table: turn, name, potted balls, points with those that wait, and the money as it stands. Tapping it
// selects who is marked.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { trend } from '../money.js'
import { Ball } from './ball.js'
import { Counting } from './counting.js'
import { Face } from './face.js'
import { Icon } from './icon.js'

const MINUS = '\u2212'

export function PlayerRow({ player, index, score, balls, pending, waits, mine, turn, next, selected, side, target, currency, evening, onSelect, disabled }) {
  const state = `${turn ? ' turn' : ''}${selected && !turn ? ' selected' : ''}${mine ? ' mine' : ''}`
  return html`<button type="button" class="player${state}" aria-pressed=${selected ? 'true' : 'false'} disabled=${disabled}
      data-testid="player" data-participant=${player.id} data-turn=${turn ? 'true' : 'false'} data-mine=${mine ? 'true' : 'false'} onClick=${onSelect}>
    <${Face} name=${player.display_name} index=${index} />
    <span class="who">
      <b><span class="name" data-testid="player-name">${player.display_name}</span>${mine && html`<em class="tag you" data-testid="you">${t('table.you')}</em>`}${tag({ turn, next, selected })}</b>
      <span class="sub">
        <span class="small-balls" data-testid="player-balls">
          ${balls.map((ball) => html`<${Ball} color=${ball.color} own=${ball.own} />`)}
          ${pending.map((item) => html`<${Ball} color=${item.command.color} pending />`)}
        </span>
        ${score.fouls > 0 && html`<span class="fouls">${t('fouls', { n: score.fouls })}</span>`}
        ${waits ? html`<span class="waits" data-testid="pending-points"><${Icon} name="clock" size=${14} />${waits < 0 ? MINUS : '+'}${Math.abs(waits)}<span class="hidden"> ${t('state.pending')}</span></span>` : null}
        ${evening !== score.net && html`<span class="evening ${trend(evening)}" data-testid="evening-net">${t('table.evening', { sum: gain(evening, currency) })}</span>`}
      </span>
    </span>
    <span class="sums">
      <span class="points">
        <span class="pts" data-testid="points"><${Counting} value=${score.points} /></span>
        ${(side != null || target) && html`<span class="of">${side != null ? `${t('table.side')} ${side}` : ''}${target ? ` / ${target}` : ''}</span>`}
      </span>
      <span class="net ${trend(score.net)}" data-testid="net">${gain(score.net, currency)}</span>
    </span>
  </button>`
}

function tag({ turn, next, selected }) {
  if (turn) return html`<em class="tag go">${t('table.turn')}</em>`
  if (selected) return html`<em class="tag chalk">${t('table.selected')}</em>`
  return next ? html`<em class="tag">${t('table.next')}</em>` : null
}
