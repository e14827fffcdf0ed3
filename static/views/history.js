// All games that I played, by day: of one kind, and won or lost.
import { html, useEffect, useState } from '../html.js'
import { clock, dayWord, gain, t } from '../i18n.js'
import { GAMES } from '../games/index.js'
import { trend } from '../money.js'
import { news } from '../page.js'
import { byDay, outcome, query } from '../stats_view.js'
import { go } from '../router.js'
import { useStore } from '../store.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Bell } from '../components/bell.js'
import { Choice, named, Select } from '../components/choice.js'
import { PagesEnd, usePages } from '../components/pages.js'
import { StatsSections } from '../components/section_tabs.js'
import { Tabs } from '../components/tabs.js'

const OUTCOMES = ['all', 'won', 'lost']
const ENOUGH = 15

export function History({ me }) {
  const [type, chooseType] = useState('all')
  const [wanted, want] = useState('all')
  const pages = usePages(`/api/v1/stats/users/${me.id}/games${query({ game_type: type, limit: 50 })}`, [useStore(news)])
  const games = outcome(pages.items, wanted)
  // The server does not choose by outcome: pages are asked for until a screen is full of them.
  useEffect(() => { if (games.length < ENOUGH && pages.next && !pages.error) pages.more() })
  return html`<main class="page" data-testid="history">
    <${Bar} title=${t('history.title')}><${Bell} /></${Bar}>
    <${Banner} />
    <${StatsSections} at="history" />
    <div class="sheet">
      <${Select} label=${t('new.game')} value=${type} options=${[['all', t('stats.all_games')], ...GAMES.map((game) => [game.type, t(`game.${game.type}`)])]} onChange=${chooseType} />
      <${Choice} name="outcome" label=${t('history.outcome')} value=${wanted} options=${named('history.outcome', OUTCOMES)} onChange=${want} />
      ${byDay(games, (game) => dayWord(game.ended_at)).map((group) => html`<section class="stack" key=${group.day}><h2 class="h">${group.day}</h2>
        <div class="rows">${group.items.map((game) => html`<${Played} key=${game.game_id} game=${game} />`)}</div></section>`)}
      <${PagesEnd} pages=${pages} count=${games.length} empty=${t(type === 'all' && wanted === 'all' ? 'history.none' : 'history.none_such')} />
    </div>
    <${Tabs} at="stats" />
  </main>`
}

function Played({ game }) {
  const words = [clock(game.ended_at), t('points', { n: game.points }), ...(game.fouls ? [t('fouls', { n: game.fouls })] : [])]
  return html`<button type="button" class="row played" data-testid="played" onClick=${() => go(`/s/${game.session_id}`)}>
    <span class="n${game.won ? ' top' : ''}" aria-hidden="true">${game.place ?? '·'}</span>
    <span class="who"><b class="name">${t(`game.${game.game_type}`)}</b><span class="said">${game.won ? `${t('history.won')} · ` : game.place ? html`<span class="hidden">${t('board.place', { n: game.place })}</span>` : ''}${words.join(' · ')}</span></span>
    ${game.currency && html`<b class="m ${trend(game.net)}">${gain(game.net, game.currency)}</b>`}
  </button>`
}
