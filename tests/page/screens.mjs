// Every screen and sheet of the page, in both themes, with text as it is and twice as large, against the server at BASE_URL:
// nothing that axe-core objects to, no text cut off or lying on other text. Prints one line per screen, exit code 0 or 1.
// OUT and CHROMIUM as for evening.mjs; ADMIN=name:password of an account with the role admin; SHOTS: a folder that gets
// each screen as a picture, dark and light.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { axeFaults, cutText, overlaps, smallTargets } from './faults.mjs'
import { PASSWORD } from './people_data.mjs'
import { newPlayer } from './player.mjs'
import { americanaTable, kolkhozTable, makePast, makePeople, pairsTable, playedTable, snookerTable, PEOPLE } from './screens_data.mjs'
import { becomes, begin, take } from './steps.mjs'

const { base, out, browser, problems, unique } = await begin('screens')
const PHONE = { width: 360, height: 740 }
const WIDE = { tablet: { width: 768, height: 1024 }, laptop: { width: 1366, height: 768 }, tv: { width: 1920, height: 1080 } }
const shots = process.env.SHOTS && path.resolve(process.env.SHOTS)
if (shots) mkdirSync(shots, { recursive: true })

const [operatorName, operatorPassword] = process.env.ADMIN.split(':')
const people = await makePeople(base, unique)
const { anna, boris } = people
const stranger = await browserOf('stranger')
const signedIn = await browserOf('Анна', { username: `anna-${unique}` })
const empty = await browserOf('Нина', { username: `nina-${unique}` })
const admin = await browserOf('Оператор', { username: operatorName, password: operatorPassword })
const past = await makePast(people)
const kolkhoz = await kolkhozTable(people)
await anna.put(`/clubs/${past.club.id}/sessions/${kolkhoz.id}`)
const { code } = await anna.get(`/sessions/${kolkhoz.id}`)

async function browserOf(name, { username, password = PASSWORD } = {}) {
  const player = await newPlayer(browser, { base, out, name, problems })
  // As in a hall, so that there are QR codes.
  await player.context.route('**/api/v1/server', (route) => route.fulfill({ json: { version: '0', public_url: null, reachable_urls: ['http://192.168.1.20:8080'], features: { mail: true } } }))
  if (username) await player.context.request.post(`${base}/api/v1/auth/login`, { headers: { 'x-artel-client': 'browser' }, data: { username, password } })
  await player.page.goto('/')
  await player.by(username ? 'lobby' : 'welcome').waitFor()
  return player
}

/** To an address, within the page. */
async function visit(player, address, ready) {
  await player.page.evaluate((to) => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')) }, address)
  await player.by(ready).first().waitFor()
}

/** Holds a screen to its promises in both themes at both sizes of text; tells all that is broken at once. */
async function look(player, name) {
  const { page } = player
  const broken = []
  await page.evaluate(() => scrollTo(0, 0))
  for (const percent of [100, 200]) {
    await page.evaluate((size) => { document.documentElement.style.fontSize = size }, percent === 100 ? '' : `${percent}%`)
    for (const colorScheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme })
      // Another theme has other colours, and all else is the same.
      const faults = async () => (colorScheme === 'light' ? axeFaults(page, ['color-contrast']) : [...await axeFaults(page), ...await cutText(page), ...await overlaps(page), ...await smallTargets(page)])
      await becomes(async () => (await faults()).join('\n'), '').catch(async () => broken.push(`${colorScheme}, ${percent} %: ${(await faults()).join('\n')}`))
      if (shots) await picture(player, name, colorScheme, percent)
    }
  }
  await page.evaluate(() => { document.documentElement.style.fontSize = '' })
  await page.emulateMedia({ colorScheme: 'dark' })
  if (broken.length) throw new Error(broken.join('\n'))
}

/** Small ones, since they are kept: in the light those of a phone alone; with large text they are to be looked at, not kept. */
async function picture({ page, context }, name, colorScheme, percent) {
  const isLight = colorScheme === 'light'
  if (isLight && page.viewportSize().width > PHONE.width) return
  const { data } = await (await context.newCDPSession(page)).send('Page.captureScreenshot', { format: 'webp', quality: 45 })
  writeFileSync(path.join(percent === 100 ? shots : out, `${name}${isLight ? '-light' : ''}${percent === 100 ? '' : `-${percent}`}.webp`), Buffer.from(data, 'base64'))
}

async function wide(player, name, sizes = Object.keys(WIDE)) {
  for (const size of sizes) {
    await player.page.setViewportSize(WIDE[size])
    await look(player, `${name}-${size}`).finally(() => player.page.setViewportSize(PHONE))
  }
}

async function closeSheet(player) {
  await player.tap('close-sheet')
  await player.page.locator('dialog[open]').waitFor({ state: 'detached' })
}

/** A step: the screen behind an address, as it is when `ready` is there and `act` was done. */
const screen = (player, name, address, ready, act) => [name, async () => {
  await visit(player, address, ready)
  await act?.(player)
  await look(player, name)
}]

/** A step: a sheet over the screen that is open, opened by `act`, and closed again. */
const sheet = (player, name, act, ready) => [name, async () => {
  await act(player)
  await player.by(ready).first().waitFor()
  await look(player, name).finally(() => closeSheet(player))
}]

const table = (name, make, sizes) => [`table-${name}`, async () => {
  const { id } = await make(people)
  await visit(signedIn, `/s/${id}`, 'table')
  await look(signedIn, `table-${name}`)
  await wide(signedIn, `table-${name}`, sizes)
}]

const share = async (by, id, kind) => (await by.post(`/sessions/${id}/share`, { kind })).code
const tap = (testid) => (player) => player.tap(testid)

const steps = [
  // Who is not signed in.
  screen(stranger, 'welcome', '/', 'welcome'),
  screen(stranger, 'sign-in', '/signin', 'submit'),
  screen(stranger, 'register', '/signin', 'submit', tap('switch-auth')),
  screen(stranger, 'enter-start', '/new', 'enter'),
  screen(stranger, 'enter-code', '/join', 'code-input'),
  screen(stranger, 'enter-link', `/join/${code}`, 'code'),
  screen(stranger, 'enter-session', `/s/${kolkhoz.id}`, 'session-link'),
  ...['reset', 'confirm', 'other'].map((what) => [`mail-${what}`, async () => {
    await stranger.page.goto(`/mail.html#${what}=x`)
    // Else the next one is an anchor of the same document.
    await look(stranger, `mail-${what}`).finally(() => stranger.page.goto('/'))
  }]),

  // Who has done nothing yet.
  screen(empty, 'empty-lobby', '/', 'lobby'),
  screen(empty, 'empty-chats', '/chats', 'chats'),
  sheet(empty, 'empty-write', tap('write'), 'write-query'),
  screen(empty, 'empty-stats', '/stats', 'empty'),
  screen(empty, 'empty-history', '/history', 'empty'),
  screen(empty, 'empty-notices', '/notifications', 'empty'),
  screen(empty, 'empty-friends', '/friends', 'empty'),
  screen(empty, 'empty-clubs', '/clubs', 'club-new'),
  screen(empty, 'not-member', `/s/${kolkhoz.id}`, 'not-member'),
  screen(empty, 'no-table', '/join/ZZZZZZ', 'no-table'),
  screen(empty, 'join', `/join/${code}`, 'join-player'),
  ['watching', async () => {
    await empty.tap('join-spectator')
    await empty.by('table').waitFor()
    await look(empty, 'watching')
  }],
  ['me-guest', async () => {
    const guest = await browserOf('Гость')
    await visit(guest, '/new', 'enter')
    await guest.by('guest-display-name').fill('Женя')
    await guest.tap('enter')
    await guest.by('create').waitFor()
    await visit(guest, '/me', 'claim')
    await guest.tap('claim-open')
    await look(guest, 'me-guest')
    await guest.context.close()
  }],

  // An evening, from its beginning to its end.
  screen(signedIn, 'lobby', '/', 'past', tap('join-by-code')),
  screen(signedIn, 'new', '/new', 'template'),
  screen(signedIn, 'new-rules', '/new', 'template', tap('edit-rules')),
  screen(signedIn, 'house-rules', `/rules/${past.rules.id}`, 'example-net'),
  ['waiting', async () => {
    const repeated = await anna.post('/sessions', { name: 'Суббота', rules: past.rules.rules })
    for (const name of [PEOPLE.boris, PEOPLE.vera, PEOPLE.gleb]) await anna.post(`/sessions/${repeated.id}/participants`, { display_name: name })
    await visit(signedIn, `/s/${repeated.id}`, 'waiting')
    await signedIn.by('qr').waitFor()
    for (const kind of ['board', 'overlay']) {
      await signedIn.tap(`share-${kind}`)
      await signedIn.by(`${kind}-link`).waitFor()
    }
    await signedIn.by('seats').locator('.seat-line:enabled').first().click()
    await look(signedIn, 'waiting')
    await wide(signedIn, 'waiting', ['laptop'])
  }],
  sheet(signedIn, 'save-rules', tap('save-house-rules'), 'house-name'),
  sheet(signedIn, 'order', (player) => player.by('start-manual').or(player.by('start-game')).first().click(), 'order-start'),
  screen(signedIn, 'table', `/s/${kolkhoz.id}`, 'table'),
  sheet(signedIn, 'table-more', tap('more-button'), 'more'),
  sheet(signedIn, 'table-people', tap('people-button'), 'people'),
  sheet(signedIn, 'table-mark', tap('mark-open'), 'mark-sheet'),
  sheet(signedIn, 'table-chat', tap('chat-button'), 'words'),
  sheet(signedIn, 'table-log', async () => { await signedIn.tap('more-button'); await signedIn.tap('open-log'); await signedIn.by('log-move').first().click() }, 'log-move-to'),
  sheet(signedIn, 'table-money', async () => { await signedIn.tap('more-button'); await signedIn.tap('open-money') }, 'entry'),
  sheet(signedIn, 'table-keys', () => signedIn.page.keyboard.press('?'), 'shortcuts'),
  ['table-offline', async () => {
    await signedIn.context.setOffline(true)
    await signedIn.by('banner').waitFor()
    await signedIn.tap('ball-black')
    await signedIn.by('pending-points').waitFor()
    await look(signedIn, 'table-offline').finally(() => signedIn.context.setOffline(false))
    await signedIn.by('banner').waitFor({ state: 'detached' })
    await wide(signedIn, 'table')
  }],
  table('snooker', snookerTable, ['laptop']),
  sheet(signedIn, 'snooker-more', tap('more-button'), 'more'),
  table('pairs', pairsTable, ['tablet']),
  table('americana', americanaTable, ['laptop']),
  ['result', async () => {
    const played = await playedTable(people)
    people.played = played
    await visit(signedIn, `/s/${played.id}`, 'transfer')
    await signedIn.by('chart').waitFor()
    await look(signedIn, 'result')
  }],
  sheet(signedIn, 'why', tap('why-button'), 'why'),
  sheet(signedIn, 'ledger', tap('ledger-button'), 'ledger-line'),
  sheet(signedIn, 'add-mark', tap('add-mark-button'), 'add-mark'),
  sheet(signedIn, 'replay', async () => { await signedIn.by('game-line').first().locator('summary').click(); await signedIn.tap('game-replay'); await signedIn.by('replay-scrub').fill('3') }, 'replay-mark'),
  ['evening', async () => {
    const { id, game, ids } = people.played
    await anna.post(`/sessions/${id}/complete`)
    await anna.post(`/games/${game}/events`, { type: 'pot_ball', participant_id: ids[PEOPLE.boris], color: 'pink', correction: true })
    await signedIn.by('evening').waitFor()
    await signedIn.tap('repeat')
    await signedIn.by('late').locator('summary').click()
    await look(signedIn, 'evening')
  }],
  sheet(signedIn, 'money', tap('money-button'), 'entry'),

  // Boards, which nobody touches.
  screen(stranger, 'board-wrong', '/board/NNNNNNNNNN', 'board-wait'),
  ...[['waiting', () => past.invitation.id, 'board-seat', boris], ['game', () => kolkhoz.id, 'board-points', anna], ['end', () => people.played.id, 'board-settlement', anna]].map(([name, id, ready, by]) => [`board-${name}`, async () => {
    await visit(stranger, `/board/${await share(by, id(), 'board')}#${code}`, ready)
    await look(stranger, `board-${name}`)
    await wide(stranger, `board-${name}`, ['tablet', 'tv'])
  }]),
  ['overlay', async () => {
    await visit(stranger, `/overlay/${await share(anna, kolkhoz.id, 'overlay')}`, 'overlay')
    await look(stranger, 'overlay')
    await wide(stranger, 'overlay', ['tv'])
  }],
  ['tv', async () => {
    await visit(stranger, '/tv', 'tv-code')
    await look(stranger, 'tv')
    await wide(stranger, 'tv', ['tv'])
  }],
  screen(signedIn, 'send-to-tv', '/tv/ABC234', 'tv-session', async (player) => { await player.tap('tv-session'); await player.by('problem').waitFor() }),

  // Myself and others.
  screen(signedIn, 'stats', '/stats', 'money-chart', async (player) => { await player.tap('as-table'); await player.by('opponent').first().waitFor() }),
  screen(signedIn, 'leaderboard', '/leaderboard', 'leader'),
  screen(signedIn, 'history', '/history', 'played'),
  screen(signedIn, 'achievements', '/achievements', 'award'),
  screen(signedIn, 'friends', '/friends', 'asking', (player) => player.by('blocked').locator('summary').click()),
  screen(signedIn, 'friends-found', '/friends', 'find-people', async (player) => { await player.by('find-people').fill('Бор'); await player.by('found-one').first().waitFor() }),
  screen(signedIn, 'person', `/users/${boris.id}`, 'money-chart', tap('unfriend')),
  screen(signedIn, 'notices', '/notifications', 'notice'),
  screen(signedIn, 'invitation', `/join/${past.invitation.id}`, 'join-player'),
  screen(signedIn, 'chats', '/chats', 'chat-line'),
  sheet(signedIn, 'write', tap('write'), 'person'),
  sheet(signedIn, 'group-new', async () => { await signedIn.tap('write'); await signedIn.tap('new-group') }, 'friend-tick'),
  screen(signedIn, 'chats-found', '/chats', 'find-messages', async (player) => { await player.by('find-messages').fill('мел'); await player.by('found-message').first().waitFor() }),
  screen(signedIn, 'chat', `/chats/${past.direct.id}`, 'words', (player) => player.by('message-actions').last().click()),
  screen(signedIn, 'chat-group', `/chats/${past.group.id}`, 'words'),
  sheet(signedIn, 'group-about', async () => { await signedIn.tap('chat-about'); await signedIn.tap('bring') }, 'member'),
  ['chat-laptop', async () => { await wide(signedIn, 'chat', ['laptop']) }],
  screen(signedIn, 'clubs', '/clubs', 'club-line'),
  screen(signedIn, 'club', `/clubs/${past.club.id}`, 'club-table', async (player) => {
    await player.tap('club-invite')
  }),
  sheet(signedIn, 'club-add', tap('club-add-table'), 'club-add-session'),
  screen(signedIn, 'me', '/me', 'to-friends'),
  screen(signedIn, 'me-notices', '/me/notices', 'kind-message'),
  screen(signedIn, 'me-devices', '/me/devices', 'device', (player) => player.by('end-login').first().click()),
  screen(signedIn, 'me-password', '/me/password', 'save-password'),
  screen(signedIn, 'me-data', '/me/data', 'export', async (player) => { await player.by('delete-password').fill('correct horse'); await player.tap('delete-account') }),
  ['stats-laptop', async () => { await visit(signedIn, '/stats', 'money-chart'); await wide(signedIn, 'stats', ['laptop']) }],

  // Operators.
  screen(admin, 'admin', '/admin', 'queue'),
  screen(admin, 'admin-letters', '/admin/letters', 'letters-reload', async (player) => {
    const letter = { id: crypto.randomUUID(), queue: 'stats.service.queue', routing_key: 'game.ended', failed_at: new Date().toISOString(), attempts: 5, reason: 'the session of this message is unknown', envelope: { event_type: 'game.ended', schema_version: 1 } }
    await player.context.route('**/api/v1/admin/dead-letters*', (route) => route.fulfill({ json: { items: [letter, { ...letter, id: crypto.randomUUID() }], next_cursor: null } }))
    await player.tap('letters-reload')
    await player.by('letter-choose').first().click()
    await player.by('letter-look').first().click()
  }),
  screen(admin, 'admin-audit', '/admin/audit', 'audit-line', (player) => player.by('audit-line').first().locator('summary').click()),
  screen(admin, 'admin-users', '/admin/users', 'users-search', async (player) => { await player.by('users-search').fill(`anna-${unique}`); await player.by('user-line').first().locator('summary').click() }),
]

const only = process.env.ONLY?.split(',')
await take(only ? steps.filter(([name]) => only.includes(name)) : steps, { browser, out, problems })
