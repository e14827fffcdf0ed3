// router.js: the address is the only memory of which screen is open.
import { createStore } from './store.js'

export const place = createStore(parse(location))

export function go(path, { replace = false } = {}) {
  if (replace) history.replaceState(null, '', path)
  else history.pushState(null, '', path)
  scrollTo(0, 0)
  place.set(parse(location))
}

addEventListener('popstate', () => place.set(parse(location)))

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** PURE: an address to a screen with its parameters. */
export function parse({ pathname }) {
  const [screen = '', id] = pathname.split('/').filter(Boolean)
  switch (screen) {
    case 's': return { screen: 'session', id }
    // By the code, or to the session of an invitation.
    case 'join': return UUID.test(id ?? '') ? { screen: 'join', invited: id } : { screen: 'join', code: (id ?? '').toUpperCase() }
    case 'board': return { screen: 'board', code: id ?? '' }
    case 'new': return { screen: 'new' }
    case 'stats': return { screen: 'stats' }
    case 'me': return { screen: 'me' }
    default: return { screen: 'lobby' }
  }
}
