// The best players: by money, wins or rating; of a week, a month, a season or ever; of all, of friends, of a club.
import { html, useState } from '../html.js'
import { gain, lang, t } from '../i18n.js'
import { GAMES } from '../games/index.js'
import * as api from '../api.js'
import { trend } from '../money.js'
import { called } from '../names.js'
import { news } from '../page.js'
import { placeOf, query } from '../stats_view.js'
import { go } from '../router.js'
import { useStore } from '../store.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Bell } from '../components/bell.js'
import { Choice, named, Select } from '../components/choice.js'
import { Face } from '../components/face.js'
import { useLoaded } from '../components/loaded.js'
import { PagesEnd, usePages } from '../components/pages.js'
import { StatsSections } from '../components/section_tabs.js'
import { Tabs } from '../components/tabs.js'

const BY = ['net', 'wins', 'rating']
const PERIODS = ['week', 'month', 'season', 'all']
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone

export function Leaderboard({ me }) {
  const [chosen, set] = useState({ by: 'net', period: 'all', scope: 'all', game_type: 'all' })
  const choose = (name) => (value) => set({ ...chosen, [name]: value })
  const { value: clubs } = useLoaded(() => api.all('/api/v1/clubs').catch(() => []), [])
  const club = clubs?.find((one) => one.id === chosen.scope)
  const asked = { ...chosen, time_zone: zone, limit: 50, ...(club && { scope: 'club', club_id: club.id }) }
  const pages = usePages(`/api/v1/stats/leaderboard${query(asked)}`, [useStore(news)])
  const scopes = [...named('leaders.scope', ['all', 'friends']), ...(clubs ?? []).map((one) => [one.id, one.name])]
  return html`<main class="page" data-testid="leaderboard">
    <${Bar} title=${t('leaders.title')}><${Bell} /></${Bar}>
    <${Banner} />
    <${StatsSections} at="leaderboard" />
    <div class="sheet">
      <${Choice} name="leaders-by" label=${t('leaders.by')} value=${chosen.by} options=${named('leaders.by', BY)} onChange=${choose('by')} />
      <div class="filters">
        <${Select} label=${t('leaders.period')} value=${chosen.period} options=${named('leaders.period', PERIODS)} onChange=${choose('period')} />
        <${Select} label=${t('leaders.scope')} value=${chosen.scope} options=${scopes} onChange=${choose('scope')} />
        <${Select} label=${t('new.game')} value=${chosen.game_type} options=${[['all', t('stats.all_games')], ...GAMES.map((game) => [game.type, t(`game.${game.type}`)])]} onChange=${choose('game_type')} />
      </div>
      ${pages.items.length > 0 && html`<ol class="rows leaders" data-testid="leaders">${pages.items.map((one) => html`<${Leader} key=${one.user_id} one=${one} by=${chosen.by} isMe=${one.user_id === me.id} />`)}</ol>`}
      ${pages.next && !pages.items.some((one) => one.user_id === me.id) && html`<${OwnPlace} key=${JSON.stringify(asked)} asked=${asked} me=${me} by=${chosen.by} />`}
      <${PagesEnd} pages=${pages} empty=${t(chosen.scope === 'friends' ? 'leaders.none_friends' : 'leaders.none')} />
      ${chosen.by === 'rating' && html`<p class="quiet">${t('leaders.rating_hint')}</p>`}
    </div>
    <${Tabs} at="stats" />
  </main>`
}

/** Where the list that is shown ends before one's own line: nobody leafs through hundreds of others for it. */
function OwnPlace({ asked, me, by }) {
  const { value: mine } = useLoaded(() => placeOf(api.get, asked, me.id), [])
  return mine && html`<ol class="rows leaders" data-testid="own-place"><${Leader} one=${mine} by=${by} isMe /></ol>`
}

function Leader({ one, by, isMe }) {
  const number = new Intl.NumberFormat(lang.get())
  const words = [t('games', { n: one.games }), by === 'wins' ? t('leaders.share', { share: Math.round(one.win_rate * 100) }) : t('wins', { n: one.wins })]
  const value = by === 'net' ? html`<b class="m ${trend(one.net)}">${gain(one.net, one.currency)}</b>` : html`<b class="m">${number.format(by === 'wins' ? one.wins : one.rating)}</b>`
  return html`<li><button type="button" class="row leader${isMe ? ' mine' : ''}" data-testid="leader" onClick=${() => go(isMe ? '/stats' : `/users/${one.user_id}`)}>
    <span class="n${one.rank <= 3 ? ' top' : ''}">${one.rank}</span><${Face} name=${called(one.display_name)} index=${one.rank - 1} />
    <span class="who"><b class="name">${called(one.display_name)}</b><span class="said">${isMe ? `${t('participants.you')} · ` : ''}${words.join(' · ')}</span></span>${value}
  </button></li>`
}
