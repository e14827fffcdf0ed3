// early_login.js: takes up the login of the cookie while the rest of the page is still on its way. A script of its own, small.
import { refresh } from './api.js'

/** A board and a TV have codes of their own and never touch the login of whoever opened them. */
export const needsLogin = ({ pathname }) => !/^\/((board|overlay)(\/|$)|tv\/?$)/.test(pathname)

/** The first answer, or `null` where none was asked for. */
export const early = needsLogin(location) ? refresh() : null
// Whoever awaits it hears of a failure.
early?.catch(() => {})
