// Notifications of a closed page: the switch of a device, what the service worker shows of a push, where a tap leads.
// The browser’s own push service is stood in for, since none is in reach; pushes come to the worker by DevTools. Against the
// server at BASE_URL; prints one line per step, exit code 0 or 1. OUT and CHROMIUM as for evening.mjs.
import { newPlayer } from './player.mjs'
import { becomes, begin, same, take } from './steps.mjs'
import { account, kolkhoz, openTable } from './table_setup.mjs'

const { base, out, browser, problems, unique } = await begin('push', { args: ['--host-resolver-rules=MAP hall.test 127.0.0.1'] })
const SUBSCRIPTIONS = '/api/v1/push-subscriptions'
const player = (name, more = {}) => newPlayer(browser, { base, out, name, problems, ...more })
const anna = await player('Анна', { permissions: ['notifications'] })
let table
let workers

const settings = async (who) => {
  await who.page.goto('/me/notices')
  await who.by('push').waitFor()
}
const says = (who, text) => who.page.locator('label', { has: who.page.getByTestId('push') }).filter({ hasText: text }).waitFor()
const answered = (method, status) => anna.page.waitForResponse((answer) =>
  new URL(answer.url()).pathname.startsWith(SUBSCRIPTIONS) && answer.request().method() === method && answer.status() === status)

/** What the system shows of this page: as its worker sees it. */
const shown = () => anna.context.serviceWorkers()[0].evaluate(async () => {
  const all = await registration.getNotifications()
  return all.map(({ title, body, silent, tag, data }) => ({ title, body, silent, tag, path: data.path }))
})
const SHOWING_MS = 500
/**
 * Delivers a push until what is shown is as expected. Chromium drops a notification whose place in its list is looked at while
 * the system is still about to show it: so nobody looks for a while, and one that was dropped is pushed again, as the same.
 */
const push = (told, read, expected) => becomes(async () => {
  await workers.session.send('ServiceWorker.deliverPushMessage', {
    origin: new URL(base).origin, registrationId: workers.registration, data: JSON.stringify(told),
  })
  await new Promise((soon) => setTimeout(soon, SHOWING_MS))
  return read(await shown())
}, expected)
const clear = () => anna.context.serviceWorkers()[0].evaluate(async () => { for (const one of await registration.getNotifications()) one.close() })
const tap = () => anna.context.serviceWorkers()[0].evaluate(async () => {
  const [notification] = await registration.getNotifications()
  dispatchEvent(new NotificationEvent('notificationclick', { notification }))
})

/** A push service within the page: it makes subscriptions as a browser does, and nothing ever comes of them. */
function pushService() {
  const KEY = 'test.push'
  const made = () => {
    const kept = localStorage.getItem(KEY)
    return kept && { toJSON: () => JSON.parse(kept), unsubscribe: async () => { localStorage.removeItem(KEY); return true } }
  }
  const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')
  PushManager.prototype.getSubscription = async () => made() || null
  PushManager.prototype.subscribe = async (options) => {
    const { publicKey } = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, ['deriveBits'])
    const keys = { p256dh: text(await crypto.subtle.exportKey('raw', publicKey)), auth: text(crypto.getRandomValues(new Uint8Array(16))) }
    localStorage.setItem(KEY, JSON.stringify({ endpoint: 'https://push.example.com/of-this-device', expirationTime: null, keys }))
    window.askedOfPushService = options
    return made()
  }
}

const steps = [
  ['where a device can’t be told the switch says why', async () => {
    const hall = await player('Борис', { base: `http://hall.test:${new URL(base).port || 80}` })
    await account(hall, base, `boris-${unique}`)
    await hall.page.goto('/signin')
    await hall.by('username').fill(`boris-${unique}`)
    await hall.by('password').fill('correct horse battery')
    await hall.tap('submit')
    await hall.by('lobby').waitFor()
    await settings(hall)
    await says(hall, 'https')
    await becomes(() => hall.by('push').isDisabled(), true)
    await hall.context.close()
    const vera = await player('Вера', { colorScheme: 'light' })
    await account(vera, base, `vera-${unique}`)
    await vera.page.addInitScript(() => Object.defineProperty(Notification, 'permission', { get: () => 'denied' }))
    await settings(vera)
    await says(vera, 'запрещают')
    await vera.by('push').scrollIntoViewIfNeeded()
    await vera.shot('push-denied-light')
    await vera.context.route('**/api/v1/server', async (route) => {
      const told = await (await route.fetch()).json()
      await route.fulfill({ json: { ...told, features: { ...told.features, push: false } } })
    })
    await vera.page.reload()
    await says(vera, 'не присылает')
    await vera.context.close()
  }],
  ['without a push service the switch says so and stays off', async () => {
    await account(anna, base, `anna-${unique}`)
    await anna.page.addInitScript(() => { PushManager.prototype.subscribe = () => Promise.reject(new DOMException('push service not available', 'AbortError')) })
    await settings(anna)
    await says(anna, 'страница закрыта')
    await anna.by('push').click()
    await anna.by('problem').getByText('Служба уведомлений').waitFor()
    await becomes(() => anna.by('push').isChecked(), false)
    await anna.by('push').scrollIntoViewIfNeeded()
    await anna.shot('push-no-service')
  }],
  ['the device is subscribed with the server’s key, in the language of the page, and still is after a reload', async () => {
    await anna.page.addInitScript(pushService)
    await anna.page.evaluate(() => localStorage.setItem('artel.lang', 'en'))
    await settings(anna)
    const [made] = await Promise.all([answered('POST', 201), anna.by('push').click()])
    same(typeof (await made.json()).id, 'string')
    await becomes(() => anna.by('push').isChecked(), true)
    const { push_public_key: key } = await (await fetch(`${base}/api/v1/server`)).json()
    const asked = await anna.page.evaluate(() => window.askedOfPushService)
    same(JSON.stringify(asked), JSON.stringify({ userVisibleOnly: true, applicationServerKey: key }))
    await becomes(async () => (await anna.get('/notifications/settings')).language, 'en')
    await anna.page.reload()
    await becomes(() => anna.by('push').isChecked(), true)
    await anna.by('push').scrollIntoViewIfNeeded()
    await anna.shot('push-on')
    await anna.page.evaluate(() => localStorage.setItem('artel.lang', 'ru'))
  }],
  ['a push is shown while the page is closed', async () => {
    table = await openTable(anna, { name: 'Пятница', rules: kolkhoz(), guests: ['Глеб'] })
    await anna.page.waitForFunction(() => navigator.serviceWorker.controller)
    const session = await anna.context.newCDPSession(anna.page)
    workers = { session, registration: null }
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      workers.registration = registrations.find(({ scopeURL }) => scopeURL.startsWith(base))?.registrationId ?? workers.registration
    })
    await session.send('ServiceWorker.enable')
    await becomes(() => Boolean(workers.registration), true)
    await anna.page.goto('about:blank')
    const told = { id: 'n1', kind: 'game_completed', title: 'Игра окончена', body: 'Пятница: 1-е место, +50 ₽', session_id: table.id }
    await push(told, JSON.stringify, JSON.stringify([{ title: told.title, body: told.body, silent: false, tag: 'n1', path: `/s/${table.id}` }]))
    await push({ ...told, title: 'Итоги игры исправлены', body: 'Пятница: 2-е место, −50 ₽' }, (all) => all.map(({ title }) => title).join(), 'Итоги игры исправлены')
    await push({ ...told, id: 'n2' }, (all) => all.length, 2)
    await clear()
    await becomes(async () => (await shown()).length, 0)
  }],
  ['while the page is in sight there is one without a sound', async () => {
    await anna.page.goto('/')
    await anna.by('lobby').waitFor()
    for (const [id, title] of [['n3', 'Первое'], ['n4', 'Второе']]) {
      const told = { id, kind: 'message', title, body: 'текст', session_id: null }
      await push(told, (all) => JSON.stringify(all.map((one) => [one.title, one.silent, one.path])), JSON.stringify([[title, true, '/chats']]))
    }
    await clear()
  }],
  ['a tap leads to the place in the page that is open, and not in a board over the table', async () => {
    const board = await anna.context.newPage()
    const { code } = await anna.post(`/sessions/${table.id}/share`, { kind: 'board' })
    await board.goto(`/board/${code}`)
    await board.getByTestId('board').waitFor()
    await push({ id: 'n5', kind: 'payment_marked', title: 'Отмечена оплата', body: 'Пятница: 50 ₽', session_id: table.id }, (all) => all.length, 1)
    await tap()
    await anna.by('waiting').waitFor()
    same(new URL(anna.page.url()).pathname, `/s/${table.id}`)
    await becomes(async () => (await shown()).length, 0)
    same(new URL(board.url()).pathname, `/board/${code}`)
    await board.close()
  }],
  ['switched off, the server forgets the device', async () => {
    await settings(anna)
    await Promise.all([answered('DELETE', 204), anna.by('push').click()])
    await becomes(() => anna.by('push').isChecked(), false)
    await anna.page.reload()
    await says(anna, 'страница закрыта')
    await becomes(() => anna.by('push').isChecked(), false)
  }],
  ['who signs out is told nothing here any more', async () => {
    await Promise.all([answered('POST', 201), anna.by('push').click()])
    await becomes(() => anna.by('push').isChecked(), true)
    await anna.page.goto('/me')
    await anna.tap('logout')
    await anna.by('welcome').waitFor()
    await becomes(() => anna.page.evaluate(() => localStorage.getItem('test.push')), null)
  }],
]

await take(steps, { browser, out, problems })
