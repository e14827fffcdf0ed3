// The games of an evening with winner and sum, found by a player's name; each opens to its results, its why and its replay.
import { html, useState } from '../html.js'
import { duration, gain, t } from '../i18n.js'
import { gameLines } from '../evening_view.js'
import { trend } from '../money.js'
import { Field } from './choice.js'
import { ReplaySheet } from './replay_sheet.js'
import { Results } from './results.js'
import { WhySheet } from './why_sheet.js'

const SEARCH_FROM = 4

export function GamesList({ view, session }) {
  const [search, setSearch] = useState('')
  const [sheet, open] = useState(null)
  const all = gameLines(view.state.games, session)
  if (!all.length) return null
  const lines = search ? gameLines(view.state.games, session, search) : all
  const close = () => open(null)
  return html`<h2 class="h">${t('games.title')} · ${all.length}</h2>
    ${all.length >= SEARCH_FROM && html`<${Field} label=${t('games.search')} type="search" maxlength="64" value=${search} data-testid="games-search" onInput=${(e) => setSearch(e.target.value)} />`}
    ${lines.length === 0 && html`<p class="quiet" data-testid="games-none">${t('games.none')}</p>`}
    <div class="games">${lines.map((line) => html`<${Line} key=${line.game.id} line=${line} session=${session} onOpen=${(kind) => open({ kind, game: line.game })} />`)}</div>
    ${sheet?.kind === 'replay' && html`<${ReplaySheet} view=${view} session=${session} game=${sheet.game} onClose=${close} />`}
    ${sheet?.kind === 'why' && html`<${WhySheet} game=${sheet.game} session=${session} onClose=${close} />`}`
}

function Line({ line, session, onOpen }) {
  const { game, winners, net, found } = line
  const { currency } = session.rules
  return html`<details class="rows one-game" data-testid="game-line">
    <summary><span class="who"><b class="name one-line">${t('game.number', { n: game.number })} · ${winners.join(', ')}</b>
      <span class="sub">${found ? t('games.place', { name: found.name, n: found.place }) : duration(game.duration_seconds ?? 0)}</span></span>
      <span class="m ${trend(found?.net ?? net)}">${gain(found?.net ?? net, currency)}</span></summary>
    <${Results} game=${game} session=${session} testid="past-result" />
    <div class="two"><button type="button" class="ghost" data-testid="game-why" onClick=${() => onOpen('why')}>${t('why.title')}</button>
      <button type="button" class="ghost" data-testid="game-replay" onClick=${() => onOpen('replay')}>${t('replay.open')}</button></div>
  </details>`
}
