// One session: holds it open and shows the screen of the moment: waiting, table, result, evening.
import { html, useEffect, useState } from '../html.js'
import { t } from '../i18n.js'
import { openSession } from '../page.js'
import { lastGame } from '../game_view.js'
import { useStore } from '../store.js'
import { Bar } from '../components/bar.js'
import { Banner } from '../components/banner.js'
import { Problem } from '../components/problem.js'
import { Evening } from './evening.js'
import { Result } from './result.js'
import { Table } from './table.js'
import { Waiting } from './waiting.js'

export function Session({ id, me }) {
  const [live, setLive] = useState(null)
  useEffect(() => {
    const open = openSession(id)
    setLive(open.live)
    return () => { setLive(null); open.close() }
  }, [id])
  return live ? html`<${Open} live=${live} me=${me} />` : null
}

function Open({ live, me }) {
  const view = useStore(live.store)
  const { session } = view.state
  const game = lastGame(view.state)
  // Between games the screen is the last result, which comes a moment after the snapshot.
  const between = session?.status === 'in_progress' && !session.current_game && session.games_played > 0
  if (!session || (between && !game)) {
    return html`<main class="page"><${Bar} title=${t('nav.lobby')} back="/" /><${Banner} />
      <div class="sheet">${view.error ? html`<${Problem} error=${{ code: view.error }} />`
        : html`<p class="quiet" data-testid="loading">${t('state.loading')}</p>`}</div></main>`
  }
  const props = { live, view, session, me }
  if (session.status === 'completed' || session.status === 'cancelled') return html`<${Evening} ...${props} />`
  if (session.current_game) return html`<${Table} key=${session.current_game.id} ...${props} />`
  if (game?.results) return html`<${Result} game=${game} ...${props} />`
  return html`<${Waiting} ...${props} />`
}
