// Visits to a table as a browser makes them, and what each loads: until the table is there, and after that.

/** A phone of the middle, as Lighthouse has it: 1.6 Mbit/s down, 750 kbit/s up, 150 ms there and back, a quarter of the processor. */
const SLOW = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 }
const SLOWER = 4

/** A table in the middle of a game; its address, and a way to sign a browser in as who opened it. */
export async function aTable(base) {
  const post = async (path, body, headers = {}) => {
    const answer = await fetch(`${base}/api/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return { ...(await answer.json()), cookie: answer.headers.get('set-cookie') }
  }
  const me = await post('/auth/register', { username: `speed-${Date.now().toString(36)}`, password: 'correct horse battery', display_name: 'Аня' }, { 'x-artel-client': 'browser' })
  const as = { authorization: `Bearer ${me.access_token}` }
  const { items } = await (await fetch(`${base}/api/v1/templates`, { headers: as })).json()
  const session = await post('/sessions', { name: 'Пятничный колхоз', template_id: items[0].id }, as)
  for (const guest of ['Борис', 'Вера']) await post(`/sessions/${session.id}/participants`, { display_name: guest }, as)
  const game = await post(`/sessions/${session.id}/games`, {}, as)
  /** A ball that somebody else marks. */
  const pot = () => post(`/games/${game.id}/events`, { type: 'pot_ball', participant_id: game.order[0], color: 'white' }, as)
  return { path: `/s/${session.id}`, cookie: cookieOf(me.cookie, base), pot }
}

function cookieOf(header, base) {
  const [pair] = header.split(';')
  const at = pair.indexOf('=')
  return { name: pair.slice(0, at), value: pair.slice(at + 1), domain: new URL(base).hostname, path: /path=([^;]+)/i.exec(header)?.[1] ?? '/', httpOnly: true, sameSite: 'Strict' }
}

/** A page of a browser that is signed in; it notes when the table is there. */
export async function signedIn(browser, base, { cookie }, { slow = false } = {}) {
  const context = await browser.newContext({ baseURL: base, viewport: { width: 360, height: 740 }, locale: 'ru-RU' })
  await context.addCookies([cookie])
  await context.addInitScript(() => {
    const look = new MutationObserver(() => {
      if (!document.querySelector('[data-testid=table]')) return
      globalThis.tableAt = performance.now()
      look.disconnect()
    })
    look.observe(document, { childList: true, subtree: true })
  })
  const page = await context.newPage()
  if (slow) {
    const network = await context.newCDPSession(page)
    await network.send('Network.enable')
    await network.send('Network.emulateNetworkConditions', SLOW)
    await network.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
  }
  return page
}

/** `{ms, until, after}`: what came over the network before and after the table was there, as `{requests, bytes}`. */
export async function visit(page, path) {
  await page.goto(path, { waitUntil: 'commit' })
  await page.getByTestId('table').waitFor({ timeout: 60_000 })
  // Whatever comes afterwards by itself: nothing is on its way for a second.
  await page.waitForLoadState('networkidle')
  return page.evaluate(() => {
    const entries = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    const sum = (some) => ({ requests: some.length, bytes: some.reduce((all, entry) => all + entry.transferSize, 0), names: some.map((entry) => `${new URL(entry.name).pathname} ${entry.transferSize}`) })
    // What the service worker or the cache has was not on the network.
    const loaded = entries.filter((entry) => entry.transferSize > 0)
    return { ms: globalThis.tableAt, until: sum(loaded.filter((entry) => entry.startTime <= globalThis.tableAt)), after: sum(loaded.filter((entry) => entry.startTime > globalThis.tableAt)) }
  })
}

/** The service worker has all that a second visit needs. */
export const worked = (page) => page.waitForFunction(() => navigator.serviceWorker.controller, null, { timeout: 60_000 })
