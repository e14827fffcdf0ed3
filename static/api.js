// api.js: REST and the access token, which lives in this module's memory only; the refresh token is a cookie that
// no script can read.
import { exclusively } from './exclusive.js'
import { uuid } from './ids.js'

const RENEW_BEFORE_MS = 60_000

export class ApiError extends Error {
  constructor(status, code, detail, errors = []) {
    super(detail ?? code)
    Object.assign(this, { status, code, detail, errors })
  }
}

let access = null
let expiresAt = 0
let renewal = null
let renewTimer = null
const tokenListeners = new Set()
const endListeners = new Set()

/** Called with every new token: the open socket goes on with it. */
export const onToken = (listener) => tokenListeners.add(listener)

/** Called when the login turns out to be over. */
export const onEnded = (listener) => endListeners.add(listener)

export const register = (body) => enter('/api/v1/auth/register', body)
/** A name is enough; this browser's cookie is all that knows the account then. */
export const guest = (body) => enter('/api/v1/auth/guest', body)
export const login = (body) => enter('/api/v1/auth/login', body)

export async function logout() {
  try { await authorized('POST', '/api/v1/auth/logout', {}) } finally { forget() }
}

/** A new access token; one refresh at a time, because a spent refresh token used again ends the whole login. */
export function refresh() {
  // Two tabs share one cookie: the second must wait for the cookie that the first one gets.
  renewal ??= exclusively('artel.refresh', () => enter('/api/v1/auth/refresh', {})).finally(() => { renewal = null })
  return renewal
}

export async function token(force = false) {
  if (force || !access || Date.now() > expiresAt - RENEW_BEFORE_MS / 2) await refresh()
  return access
}

/** What is open to all, signed in or not. */
export const open = (path) => call('GET', path)
export const get = (path) => authorized('GET', path)
export const post = (path, body = {}, key = uuid()) => authorized('POST', path, body, key)
export const patch = (path, body) => authorized('PATCH', path, body)
export const put = (path, body = {}) => authorized('PUT', path, body, uuid())
export const remove = (path, body) => authorized('DELETE', path, body, uuid())

/** All pages of a list. */
export async function all(path) {
  const items = []
  let cursor = null
  do {
    const page = await get(path + (path.includes('?') ? '&' : '?') + 'limit=200' + (cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''))
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor)
  return items
}

async function authorized(method, path, body, key) {
  await token()
  try {
    return await call(method, path, body, key)
  } catch (error) {
    // The answer may be lost after the deed was done: with the same key it is not done twice.
    if (error.code === 'network' && key) return call(method, path, body, key)
    if (error.status !== 401) throw error
    await refresh()
    return call(method, path, body, key)
  }
}

async function enter(path, body) {
  const answer = await call('POST', path, body).catch((error) => {
    if (error.status === 401) {
      const had = access
      forget()
      if (had) for (const listener of endListeners) listener()
    }
    throw error
  })
  access = answer.access_token
  expiresAt = Date.now() + answer.expires_in * 1000
  clearTimeout(renewTimer)
  // At most once in ten seconds, however short the tokens live.
  const wait = Math.max(10_000, Math.min(answer.expires_in * 1000 - RENEW_BEFORE_MS, 2 ** 31 - 1))
  renewTimer = setTimeout(() => refresh().catch(() => {}), wait)
  for (const listener of tokenListeners) listener(access)
  return answer
}

async function call(method, path, body, key) {
  const headers = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (path.startsWith('/api/v1/auth/')) headers['x-artel-client'] = 'browser'
  if (access) headers.authorization = `Bearer ${access}`
  if (key) headers['idempotency-key'] = key
  let response
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
  } catch {
    throw new ApiError(0, 'network')
  }
  if (response.status === 204) return null
  const answer = await response.json().catch(() => null)
  if (response.ok) return answer
  throw new ApiError(response.status, answer?.code ?? (response.status >= 500 ? 'overloaded' : 'unknown'), answer?.detail, answer?.errors)
}

function forget() {
  access = null
  expiresAt = 0
  clearTimeout(renewTimer)
}
