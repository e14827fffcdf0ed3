// address.js: under which address phones near the server reach it; links and QR codes are made of it.
import { open } from './api.js'

const LOCAL = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0)$/

export const isLocal = (origin) => LOCAL.test(new URL(origin).hostname)

/** PURE: what others can open: this page's own address unless it is of this machine only; `null` where there is none. */
export function phoneOrigin(origin, server) {
  if (!isLocal(origin)) return origin
  const told = [server?.public_url, ...(server?.reachable_urls ?? [])].filter(Boolean).map((url) => new URL(url).origin)
  return told.find((url) => !isLocal(url)) ?? null
}

/** PURE: how to start the server so that phones get in, on the port that it has now. */
export function lanCommand(origin) {
  const { port } = new URL(origin)
  return port && port !== '8080' ? `artel serve --lan --listen 0.0.0.0:${port}` : 'artel serve --lan'
}

let asked = null

/** What the server says of itself; asked once, and again only where that failed. */
export function server() {
  asked ??= open('/api/v1/server').catch((error) => { asked = null; throw error })
  return asked
}
