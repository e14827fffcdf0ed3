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

/** PURE: an address to a screen with its parameters. */
export function parse({ pathname, search = '' }) {
  const [screen = '', id] = pathname.split('/').filter(Boolean)
  const query = new URLSearchParams(search)
  switch (screen) {
    case 's': return { screen: 'session', id }
    case 'join': return { screen: 'join', code: (id ?? '').toUpperCase() }
    case 'board': return { screen: 'board', id, token: query.get('token') }
    case 'new': return { screen: 'new' }
    case 'stats': return { screen: 'stats' }
    case 'me': return { screen: 'me' }
    default: return { screen: 'lobby' }
  }
}
