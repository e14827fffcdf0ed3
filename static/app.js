// app.js: the start, and which screen the address means.
import { html, render, useEffect } from './html.js'
import { needsLogin } from './early_login.js'
import { lang, loadWords, t } from './i18n.js'
import { AFTER_MS, install } from './installed.js'
import { around, boards, others } from './lazy.js'
import { resume, screenDrawn, user } from './page.js'
import { place } from './router.js'
import { useStore } from './store.js'
import './whole_names.js'
import { Banner } from './components/banner.js'
import { Session } from './views/session.js'

const Enter = around.part('Enter')
const Join = around.part('Join')
const Lobby = around.part('Lobby')
const Welcome = around.part('Welcome')
const Board = boards.part('Board')
const Overlay = boards.part('Overlay')
const Tv = boards.part('Tv')
const Achievements = others.part('Achievements')
const Admin = others.part('Admin')
const Auth = others.part('Auth')
const Chats = others.part('Chats')
const Club = others.part('Club')
const Clubs = others.part('Clubs')
const Friends = others.part('Friends')
const History = others.part('History')
const HouseRules = others.part('HouseRules')
const Leaderboard = others.part('Leaderboard')
const Me = others.part('Me')
const NewSession = others.part('NewSession')
const Notices = others.part('Notices')
const Person = others.part('Person')
const SendToTv = others.part('SendToTv')
const Stats = others.part('Stats')

function App() {
  const at = useStore(place)
  const me = useStore(user)
  const language = useStore(lang)
  const asks = needsLogin(location)
  useEffect(() => {
    if (asks && me === undefined) resume()
  }, [asks])
  // After the effects of the screen itself, which opens its session there.
  useEffect(() => { if (me) screenDrawn() }, [me])
  if (at.screen === 'overlay') return html`<${Overlay} key=${language} code=${at.code} />`
  if (at.screen === 'tv') return html`<${Tv} key=${language} />`
  if (!asks) return html`<${Board} key=${language} code=${at.code} />`
  if (me === undefined) return html`<main class="page"><${Banner} /><p class="splash quiet">${t('state.loading')}</p></main>`
  if (me === null) return signedOut(at)
  switch (at.screen) {
    case 'session': return html`<${Session} id=${at.id} me=${me} key=${at.id} />`
    case 'join': return html`<${Join} code=${at.code} invited=${at.invited} me=${me} key=${at.code ?? at.invited} />`
    case 'new': return html`<${NewSession} />`
    case 'admin': return html`<${Admin} part=${at.part} me=${me} />`
    case 'clubs': return at.id ? html`<${Club} id=${at.id} me=${me} key=${at.id} />` : html`<${Clubs} joinCode=${at.code} />`
    case 'rules': return html`<${HouseRules} id=${at.id} me=${me} key=${at.id} />`
    case 'chats': return html`<${Chats} id=${at.id} me=${me} />`
    case 'send-to-tv': return html`<${SendToTv} code=${at.code} me=${me} key=${at.code} />`
    case 'stats': return html`<${Stats} me=${me} />`
    case 'leaderboard': return html`<${Leaderboard} me=${me} />`
    case 'history': return html`<${History} me=${me} />`
    case 'achievements': return html`<${Achievements} me=${me} />`
    case 'friends': return html`<${Friends} me=${me} />`
    case 'person': return html`<${Person} id=${at.id} me=${me} key=${at.id} />`
    case 'notifications': return html`<${Notices} />`
    case 'me': return html`<${Me} me=${me} part=${at.part} key=${at.part} />`
    default: return html`<${Lobby} me=${me} />`
  }
}

function signedOut(at) {
  switch (at.screen) {
    case 'signin': return html`<${Auth} to=${at.to} />`
    // Only the account that was invited gets in by this one.
    case 'join': return at.invited ? html`<${Auth} to=${`/join/${at.invited}`} invited />` : html`<${Enter} purpose="join" code=${at.code} key=${at.code} />`
    case 'session': return html`<${Enter} purpose="session" key="session" />`
    case 'send-to-tv': return html`<${Auth} to=${`/tv/${at.code}`} />`
    case 'new': return html`<${Enter} purpose="start" key="start" />`
    // What somebody passed on is shown once there is a name, not lost for a first screen.
    case 'rules': return html`<${Enter} purpose="start" title=${t('house.title')} key="rules" />`
    case 'clubs': return at.code ? html`<${Enter} purpose="start" title=${t('clubs.title')} key="clubs" />` : html`<${Welcome} />`
    default: return html`<${Welcome} />`
  }
}

document.documentElement.lang = lang.get()
// The server's answers and the code of the first screen are under way while the words are.
if (needsLogin(location)) {
  resume()
  if (place.get().screen !== 'session') around.ahead().catch(() => {})
}
loadWords().then(() => {
  render(html`<${App} />`, document.getElementById('app'))
  setTimeout(install, AFTER_MS)
})
