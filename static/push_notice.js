// push_notice.js: PURE. What the service worker shows of a push, and which window a tap goes to.
import { noticePath } from './notice_path.js'

/** Screens that nobody touches, and what is no screen of the page. */
const OTHERS = /^\/((board|overlay|docs|mail\.html)(\/|$)|tv\/?$)/

/**
 * What `showNotification` takes. A push has the server's words, in the language that the reader chose for what is told
 * outside the page. While the page is in sight it says the same by itself: then there is one silent notification, since
 * browsers end the subscription of a page whose pushes show nothing.
 */
export function pushNotice(text, isInSight) {
  const { id, kind, title, body, session_id } = parsed(text)
  const path = noticePath({ kind, data: { session_id } }) ?? '/notifications'
  return [title || 'Artel', { body: body ?? '', tag: isInSight ? 'in-sight' : id, silent: isInSight, icon: '/icons/icon-192.png', data: { path } }]
}

/** The window that is taken to the place of a notification; none: another one is opened. */
export const windowToUse = (windows) => windows.find(({ url }) => !OTHERS.test(new URL(url).pathname))

function parsed(text) {
  try { return JSON.parse(text) ?? {} } catch { return {} }
}
