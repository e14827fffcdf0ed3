// router.js: the address is the only memory of which screen is open.
import { leaveSheets } from './sheet_history.js'
import { createStore } from './store.js'

// Before the first address is read.
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const INSIDE = /^\/(?![/\\])/

export const place = createStore(parse(location))

let before = null

/** Where on the page one was before, if anywhere. */
export const cameFrom = () => before

export function go(path, { replace = false } = {}) {
  before = location.pathname
  const takesPlace = leaveSheets()
  if (replace || takesPlace) history.replaceState(null, '', path)
  else history.pushState(null, '', path)
  scrollTo(0, 0)
  place.set(parse(location))
}

addEventListener('popstate', () => place.set(parse(location)))

/** PURE: an address to a screen with its parameters. */
export function parse({ pathname, search = '' }) {
  const [screen = '', id, more] = pathname.split('/').filter(Boolean)
  switch (screen) {
    case 's': return { screen: 'session', id }
    // By the code, or to the session of an invitation.
    case 'join': return UUID.test(id ?? '') ? { screen: 'join', invited: id } : { screen: 'join', code: (id ?? '').toUpperCase() }
    case 'signin': return { screen: 'signin', to: within(new URLSearchParams(search).get('to')) }
    case 'board': return { screen: 'board', code: id ?? '' }
    case 'overlay': return { screen: 'overlay', code: id ?? '' }
    // With a code: a phone that scanned it off a TV.
    case 'tv': return id ? { screen: 'send-to-tv', code: id.toUpperCase() } : { screen: 'tv' }
    case 'admin': return { screen: 'admin', part: id }
    case 'clubs': return UUID.test(id ?? '') ? { screen: 'clubs', id } : { screen: 'clubs', code: id === 'join' ? (more ?? '').toUpperCase() : undefined }
    case 'rules': return { screen: 'rules', id: id ?? '' }
    case 'new': return { screen: 'new' }
    case 'chats': return { screen: 'chats', id: UUID.test(id ?? '') ? id : null }
    case 'stats': return { screen: 'stats' }
    case 'leaderboard': return { screen: 'leaderboard' }
    case 'history': return { screen: 'history' }
    case 'achievements': return { screen: 'achievements' }
    case 'friends': return { screen: 'friends' }
    case 'users': return UUID.test(id ?? '') ? { screen: 'person', id } : { screen: 'friends' }
    case 'notifications': return { screen: 'notifications' }
    case 'me': return { screen: 'me', part: id ?? null }
    default: return { screen: 'lobby' }
  }
}

/** An address of this page: whatever came from outside leads nowhere else. */
function within(path) {
  return INSIDE.test(path ?? '') ? path : '/'
}
