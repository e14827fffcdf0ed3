// A live table of a club as a card: whose turn, points, money.
import { html } from '../html.js'
import { gain, t } from '../i18n.js'
import { tableLines } from '../club_view.js'
import { trend } from '../money.js'
import { go } from '../router.js'
import { Since } from './since.js'

export function ClubTable({ line, session }) {
  const game = session?.current_game
  const stage = line.status === 'waiting' ? t('lobby.waiting') : game ? t('game.number', { n: game.number }) : session ? t('lobby.between') : t('clubs.playing')
  return html`<button type="button" class="club-table${game ? ' turn' : ''}" data-testid="club-table" onClick=${() => go(`/s/${line.id}`)}>
    <span class="club-head"><b class="name">${line.name}</b><span class="quiet">${t(`game.${line.game_type}`)} · ${stage}${game && html` · <${Since} start=${game.started_at} />`}</span></span>
    ${session ? html`<span class="club-lines">${tableLines(session).map((row) => html`<span class="club-player" key=${row.id}>
        <span class="name">${row.turn && html`<i class="up" aria-hidden="true">▸ </i><span class="hidden">${t('table.turn')}: </span>`}${row.name}</span>
        <b>${row.points == null ? '' : String(row.points).replace('-', '\u2212')}</b><span class="m ${trend(row.net)}">${gain(row.net, session.rules.currency)}</span></span>`)}</span>`
      : html`<span class="quiet">${t('clubs.private')}</span>`}
  </button>`
}
