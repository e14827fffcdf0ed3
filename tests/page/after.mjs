// An evening of ten is played, shown on a board and over a stream, taken along, played again, repeated, and counted in a
// club, against the server at BASE_URL; prints one line per step, exit code 0 or 1. OUT and CHROMIUM as for evening.mjs;
// ADMIN=name:password of an account with the role admin has the screens of an operator played, too.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { newPlayer } from './player.mjs'
import { becomes, begin, same, take } from './steps.mjs'

const { base, out, browser, problems, unique } = await begin('after')
const GUESTS = ['Борис', 'Вячеслав Константинопольский-Рождественский', 'Галина', 'Дмитрий', 'Ева', 'Жан', 'Зоя', 'Илья', 'Ксения']
const PHONES = 'http://192.0.2.7:8080'
const RULES = {
  game_type: 'kolkhoz', currency: 'RUB', point_price: 5000, balls: ['white', 'yellow', 'green', 'brown', 'blue', 'pink', 'black'].map((color, i) => ({ color, points: i + 1 })),
  payer: 'previous', foul: { kind: 'subtract', points: 1 }, order: 'random_no_repeat', min_players: 2, max_players: 10,
}
const a = await newPlayer(browser, { base, out, name: 'Анна', problems })
const b = await newPlayer(browser, { base, out, name: 'Борислав', viewport: { width: 1280, height: 800 }, problems })
const tv = await newPlayer(browser, { base, out, name: 'board', viewport: { width: 1280, height: 720 }, problems })
const stream = await newPlayer(browser, { base, out, name: 'overlay', viewport: { width: 1280, height: 720 }, problems })
let session = ''
let club = ''

/** A call with the login of the page, as another screen of it would make it. */
const rest = (player, method, url, body) => player.page.evaluate(async ([does, at, with_]) => (await import('/api.js'))[does](at, with_), [method, url, body])
const visible = async (player, testid) => {
  const { width, height } = player.page.viewportSize()
  const boxes = await player.by(testid).evaluateAll((all) => all.map((one) => one.getBoundingClientRect()).map(({ left, top, right, bottom }) => ({ left, top, right, bottom })))
  for (const box of boxes) same(box.left >= 0 && box.top >= 0 && box.right <= width + 1 && box.bottom <= height + 1, true, `${testid} ${JSON.stringify(box)}`)
  return boxes.length
}
const downloaded = async (player, testid) => {
  const [file] = await Promise.all([player.page.waitForEvent('download'), player.tap(testid)])
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) }
}
const fits = async (player, name) => becomes(() => player.page.evaluate(() => document.scrollingElement.scrollWidth <= innerWidth), true, `${name} is wider than the screen`)
const points = (player, testid) => player.by(testid).allInnerTexts()
const playGame = async (marks) => {
  await a.startGame()
  for (let i = 0; i < marks; i += 1) await a.pot(GUESTS[(i * 5) % 9], ['pink', 'black', 'blue'][i % 3])
  await a.endGame()
  await a.by('result-view').waitFor()
}

const steps = [
  ['a board says that its link leads nowhere', async () => {
    await tv.page.goto('/board/NNNNNNNNNN')
    await tv.by('board-wait').getByText('По этой ссылке ничего нет').waitFor()
    await tv.shot('after-board-wrong')
  }],
  ['ten sit down; the board shows them all, and how to come', async () => {
    await a.register(`anna-${unique}`)
    session = (await rest(a, 'post', '/api/v1/sessions', { name: 'Пятница в «Кие»', rules: RULES, is_private: false })).id
    for (const display_name of GUESTS) await rest(a, 'post', `/api/v1/sessions/${session}/participants`, { display_name })
    await a.page.goto(`/s/${session}`)
    await a.by('waiting').waitFor()
    for (const kind of ['board', 'overlay']) await a.tap(`share-${kind}`)
    await tv.page.goto(await a.by('board-link').getAttribute('href'))
    // An address of this machine only: no phone could open what a QR code of it says.
    await tv.by('local-only').getByText('--lan').waitFor()
    await becomes(() => tv.by('qr').count(), 0)
    await tv.shot('after-board-local')
    await tv.context.route('**/api/v1/server', (route) => route.fulfill({ json: { version: '0', public_url: PHONES, reachable_urls: [], features: {} } }))
    await tv.page.reload()
    await becomes(() => tv.by('qr').getAttribute('data-text'), `${PHONES}/join/${await a.by('code').innerText()}`)
    await becomes(() => visible(tv, 'board-seat'), 10)
    await becomes(() => visible(tv, 'board-join'), 1)
    await tv.shot('after-board-waiting')
  }],
  ['during a game the board and the stream show ten, and follow; a reload of the board shows the same', async () => {
    await stream.page.goto(await a.by('overlay-link').getAttribute('href'))
    await stream.by('overlay').waitFor()
    await a.startGame()
    await a.pot('Зоя', 'black')
    await a.pot('Ева', 'pink')
    for (const [player, testid] of [[tv, 'board'], [stream, 'overlay']]) {
      await player.by(`${testid}-points`).getByText('7', { exact: true }).waitFor()
      await player.by(`${testid}-points`).getByText('6', { exact: true }).waitFor()
      await becomes(() => visible(player, `${testid}-player`), 10)
    }
    await becomes(async () => (await stream.page.evaluate(() => [document.documentElement, document.body].map((e) => getComputedStyle(e).backgroundColor))).join(), 'rgba(0, 0, 0, 0),rgba(0, 0, 0, 0)', 'nothing is painted behind the strip')
    const before = await points(tv, 'board-points')
    await tv.page.reload()
    await tv.by('board-points').getByText('7', { exact: true }).waitFor()
    await becomes(async () => (await points(tv, 'board-points')).join(), before.join())
    await tv.page.waitForFunction(() => document.querySelectorAll('.col .ball').length === 2)
    // Nobody taps a board: a second line tells people of one first name apart.
    await becomes(() => tv.page.locator('.col .name', { hasText: 'Вячеслав' }).evaluate((name) => Math.round(name.clientHeight / Number.parseFloat(getComputedStyle(name).lineHeight))), 2)
    await tv.shot('after-board-game')
    await stream.page.screenshot({ path: path.join(out, 'after-overlay.png'), omitBackground: true })
  }],
  ['between games the board shows totals, who pays whom, and how to come', async () => {
    await a.endGame()
    await a.by('result-view').waitFor()
    await tv.by('board-settlement').waitFor()
    await becomes(() => visible(tv, 'board-total'), 10)
    await becomes(async () => await visible(tv, 'board-settlement') + await visible(tv, 'board-join'), 2)
    await tv.shot('after-board-between')
  }],
  ['a forgotten ball of an ended game moves money, and everybody is told', async () => {
    await becomes(() => a.by('late').count(), 0)
    await a.tap('add-mark-button')
    await a.by('add-mark').getByTestId('ball-black').click()
    await a.by('late').waitFor()
    await a.by('late').locator('summary').click()
    await a.by('late-game').waitFor()
    await a.shot('after-late')
  }],
  ['games are listed with winner and sum, and found by a player; a game is played again', async () => {
    for (let n = 0; n < 3; n += 1) await playGame(3 + n)
    await becomes(() => a.by('game-line').count(), 4)
    await a.by('games-search').fill('Дми')
    await a.by('game-line').first().getByText(/Дмитрий: \d+ место/).waitFor()
    await a.by('games-search').fill('никто')
    await a.by('games-none').waitFor()
    await a.by('games-search').fill('')
    await a.by('game-line').first().locator('summary').click()
    await a.tap('game-replay')
    await becomes(async () => (await points(a, 'replay-points')).join(), '0,0,0,0,0,0,0,0,0,0')
    await a.tap('replay-on')
    await a.by('replay-points').getByText('6', { exact: true }).waitFor()
    await a.by('replay-scrub').fill('2')
    await a.by('replay-mark').getByText('2 из').waitFor()
    await becomes(async () => (await points(a, 'replay-points')).filter((n) => n !== '0').length, 2)
    await a.shot('after-replay')
    await a.tap('replay-play')
    await a.by('replay-mark').getByText('Игра 4 окончена').waitFor()
    await a.tap('close-sheet')
  }],
  ['after the evening the board shows the final settlement', async () => {
    await a.tap('complete')
    await a.tap('complete-yes')
    await a.by('evening').waitFor()
    await tv.page.getByText('Вечер окончен').waitFor()
    await tv.by('board-settlement').waitFor()
    await becomes(() => tv.by('board-join').count(), 0, 'nobody joins an evening that is over')
    await tv.shot('after-board-end')
  }],
  ['the evening is taken along as a picture and as a table; its chart has ten lines with sums', async () => {
    await a.by('chart').waitFor()
    await becomes(() => a.by('chart-player').count(), 10)
    await a.by('chart').scrollIntoViewIfNeeded()
    await a.shot('after-chart')
    const picture = await downloaded(a, 'share-picture')
    same(picture.name.endsWith('.png') && picture.bytes.subarray(1, 4).toString(), 'PNG')
    const csv = await downloaded(a, 'save-csv')
    same(csv.name.endsWith('.csv') && csv.bytes.toString('utf8').startsWith('\ufeffrecord,game'), true)
  }],
  ['house rules are kept, explained in money, and passed on by a link', async () => {
    await a.tap('save-house-rules')
    await a.by('house-name').fill(`По-нашему ${unique}`)
    await a.shot('after-house-save')
    await a.tap('house-save')
    await a.by('house-rules-view').waitFor()
    const url = await a.by('share-url').innerText()
    await a.shot('after-house-rules')
    const stranger = await newPlayer(browser, { base, out, name: 'Семён', problems })
    await stranger.page.goto(new URL(url).pathname)
    await stranger.by('guest-display-name').fill(stranger.name)
    await stranger.shot('after-house-stranger')
    await stranger.tap('enter')
    await stranger.by('example-net').first().getByText(/\+350/).waitFor()
    await stranger.tap('house-begin')
    await stranger.by('waiting').waitFor()
    await stranger.context.close()
    await b.register(`boris-${unique}`)
    await b.page.goto(new URL(url).pathname)
    await b.by('example-net').first().getByText(/\+350/).waitFor()
    await b.tap('house-begin')
    await b.by('waiting').waitFor()
  }],
  ['the evening is repeated with the same people, rules and order', async () => {
    await a.page.goto(`/s/${session}`)
    await a.by('evening').waitFor()
    await a.tap('repeat')
    await a.tap('repeat-yes')
    await a.by('waiting').waitFor()
    await becomes(() => a.by('seat').count(), 10)
    const order = (await rest(a, 'all', `/api/v1/sessions/${session}/games`)).at(-1).order
    const old = (await rest(a, 'get', `/api/v1/sessions/${session}`)).participants
    await a.tap('start-manual')
    await becomes(async () => (await a.by('order').locator('li .name').allInnerTexts()).join(), order.map((id) => old.find((p) => p.id === id).display_name).join())
    await a.shot('after-repeat')
    await a.tap('close-sheet')
  }],
  ['a club sees its live table at one look, its leaders and its members', async () => {
    await a.startGame()
    await a.pot('Ева', 'black')
    await a.sees({ Ева: 7 })
    await a.page.goto('/clubs')
    await a.by('club-new-text').fill('Кий')
    await a.tap('club-new')
    await a.by('club').waitFor()
    club = new URL(a.page.url()).pathname.split('/').at(-1)
    await a.by('club-no-tables').waitFor()
    for (let left = 2; left > 0; left -= 1) {
      await a.tap('club-add-table')
      await a.by('club-add-session').first().waitFor()
      await becomes(() => a.by('club-add-session').count(), left)
      await a.tap('club-add-session')
      await a.by('club-add').waitFor({ state: 'detached' })
    }
    await a.by('club-table').getByText('Ева').waitFor()
    await a.by('leader').first().waitFor()
    await a.shot('after-club')
    const code = (await rest(a, 'get', `/api/v1/clubs/${club}`)).code
    await b.page.goto(`/clubs/join/${code}`)
    await b.tap('club-join')
    await b.by('club-table').waitFor()
    await b.by('club-member').nth(1).waitFor()
    await b.shot('after-club-wide')
    const stranger = await newPlayer(browser, { base, out, name: 'Тимур', problems })
    await stranger.page.goto(`/clubs/join/${code}`)
    await stranger.by('guest-display-name').fill(stranger.name)
    await stranger.tap('enter')
    await stranger.tap('club-join')
    await stranger.by('club-member').nth(2).waitFor()
    await stranger.context.close()
  }],
  ['text of twice the size fits the phone on every one of these screens', async () => {
    for (const [name, url, ready] of [['evening', `/s/${session}`, 'chart'], ['new', '/new', 'template'], ['club', `/clubs/${club}`, 'club-member'], ['clubs', '/clubs', 'club-line']]) {
      await a.page.goto(url)
      await a.by(ready).first().waitFor()
      await a.page.evaluate(() => document.documentElement.style.setProperty('font-size', '200%'))
      await fits(a, name)
      await a.shot(`after-large-${name}`)
    }
  }],
  ['an operator sees queues, dead letters, and who caused what, the newest first', async () => {
    if (!process.env.ADMIN) return 'skipped: no ADMIN'
    const [username, password] = process.env.ADMIN.split(':')
    await b.page.goto('/me')
    await b.tap('logout')
    await b.tap('welcome-sign-in')
    await b.by('username').fill(username)
    await b.by('password').fill(password)
    await b.tap('submit')
    await b.by('lobby').waitFor()
    await b.page.goto('/me')
    await b.tap('to-admin')
    await b.by('admin-health').getByText('Сервер готов').waitFor()
    await b.by('queue').first().waitFor()
    await b.by('node').getByText('работает').waitFor()
    await b.shot('after-admin')
    await b.tap('admin-letters')
    await b.by('no-letters').or(b.by('letter').first()).waitFor()
    const letters = ['a', 'b', 'c'].map((id) => ({ id, queue: 'stats.service.queue', routing_key: 'stats.game_completed', failed_at: '2026-05-01T10:00:00Z', attempts: 5, reason: `reason ${id}`, envelope: { event_type: 'stats.game_completed' } }))
    const asked = []
    // One of them fails again: it is still there, and still chosen.
    await b.context.route(/\/admin\/dead-letters/, (route) => {
      const [, id] = /dead-letters\/(\w)/.exec(route.request().url()) ?? []
      if (!id) return route.fulfill({ json: { items: letters, next_cursor: null } })
      asked.push(`${route.request().method()} ${id}`)
      if (id === 'b' && route.request().method() === 'POST') return route.fulfill({ status: 503, contentType: 'application/problem+json', json: { code: 'overloaded', status: 503 } })
      letters.splice(letters.findIndex((letter) => letter.id === id), 1)
      return route.fulfill({ status: 204 })
    })
    await b.tap('letters-reload')
    await becomes(() => b.by('letter').count(), 3)
    await b.tap('letter-look')
    await b.by('letter').first().getByText('"event_type"').waitFor()
    await b.shot('after-admin-letters')
    await b.by('letter-choose').nth(0).check()
    await b.by('letter-choose').nth(1).check()
    await b.tap('letters-replay')
    await b.by('problem').waitFor()
    await becomes(() => b.by('letter').count(), 2)
    await becomes(() => b.by('letter-choose').first().isChecked(), true)
    await b.tap('letters-all')
    await b.tap('letters-discard')
    await b.tap('letters-discard-yes')
    await b.by('no-letters').waitFor()
    same(asked.join(), 'POST a,POST b,DELETE b,DELETE c')
    await b.context.unroute(/\/admin\/dead-letters/)
    await b.tap('admin-audit')
    await b.by('audit-id').fill(session)
    await b.tap('audit-search')
    await b.page.waitForFunction(() => document.querySelectorAll('[data-testid=audit-line]').length > 10)
    await b.by('audit-line').last().getByText('Вечер открыт: Пятница в «Кие»').waitFor()
    await b.by('audit-line').last().locator('summary').click()
    await b.shot('after-admin-audit')
    await b.tap('admin-users')
    await b.by('users-search').fill(`anna-${unique}`)
    await b.by('user-line').locator('summary').click()
    await b.by('user-disable').waitFor()
    return undefined
  }],
  ['a board whose share was ended says so', async () => {
    const shares = await rest(a, 'all', `/api/v1/sessions/${session}/shares`)
    for (const share of shares) await rest(a, 'remove', `/api/v1/sessions/${session}/shares/${share.id}`)
    await tv.by('board-wait').getByText('Эта ссылка больше не действует').waitFor()
    await tv.shot('after-board-ended')
  }],
]

await take(steps, { browser, out, problems })
