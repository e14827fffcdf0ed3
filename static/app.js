// app.js: the start, and which screen the address means.
import { html, render, useEffect } from './html.js'
import { lang, t } from './i18n.js'
import { resume, user } from './page.js'
import { place } from './router.js'
import { useStore } from './store.js'
import { Banner } from './components/banner.js'
import { Auth } from './views/auth.js'
import { Board } from './views/board.js'
import { Join } from './views/join.js'
import { Lobby } from './views/lobby.js'
import { Me } from './views/me.js'
import { NewSession } from './views/new_session.js'
import { Session } from './views/session.js'
import { Stats } from './views/stats.js'

function App() {
  const at = useStore(place)
  const me = useStore(user)
  const language = useStore(lang)
  // A board has its own code and never touches the login of whoever opened it.
  const needsUser = at.screen !== 'board'
  useEffect(() => {
    if (needsUser && me === undefined) resume()
  }, [needsUser])
  if (!needsUser) return html`<${Board} key=${language} code=${at.code} />`
  if (me === undefined) return html`<main class="page"><${Banner} /><p class="splash quiet">${t('state.loading')}</p></main>`
  if (me === null) return html`<${Auth} invited=${at.screen === 'join' ? at.code ?? null : null} />`
  switch (at.screen) {
    case 'session': return html`<${Session} id=${at.id} me=${me} key=${at.id} />`
    case 'join': return html`<${Join} code=${at.code} invited=${at.invited} me=${me} key=${at.code ?? at.invited} />`
    case 'new': return html`<${NewSession} />`
    case 'stats': return html`<${Stats} me=${me} />`
    case 'me': return html`<${Me} me=${me} />`
    default: return html`<${Lobby} me=${me} />`
  }
}

document.documentElement.lang = lang.get()
render(html`<${App} />`, document.getElementById('app'))
