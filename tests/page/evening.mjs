// Two phones through a whole evening against the server at BASE_URL; prints one line per step, exit code 0 or 1.
// OUT: where screenshots go. RESTART_CMD: a command that restarts the server in the middle of a game.
import { execSync } from 'node:child_process'
import path from 'node:path'
import { newPlayer, rubles, TIMEOUT } from './player.mjs'
import { becomes, begin, same, take } from './steps.mjs'

const { base, out, browser, problems, unique } = await begin('evening')
const POINT = 5000
const HOSTILE = '<img src=x onerror=alert(1)>'
const BORIS = 'Борис'
const a = await newPlayer(browser, { base, out, name: HOSTILE, problems })
const b = await newPlayer(browser, { base, out, name: BORIS, problems })
const net = { first: 0, second: 0 }
let session
let white
let yellow

const steps = [
  ['two players register; a hostile name is text', async () => {
    await a.register(`anna-${unique}`)
    await b.register(`boris-${unique}`)
    await a.by('title').getByText(HOSTILE).waitFor()
    await becomes(() => a.page.locator('img').count(), 0)
  }],
  ['a session is created from a template and waits with code and QR', async () => {
    session = await a.create('Пятничный колхоз')
    await becomes(async () => (await a.by('code').innerText()).length, 6)
    await a.shot('waiting-alone')
  }],
  ['the second player joins by the code', async () => {
    const code = await a.by('code').innerText()
    // An address of this machine alone is in no QR code: no phone could open it.
    await a.by('qr').or(a.by('local-only')).waitFor()
    const link = (await a.by('qr').count()) && (await a.by('qr').getAttribute('data-text'))
    if (link) same(new URL(link).pathname, `/join/${code}`)
    await b.tap('join-by-code')
    await b.by('code-input').fill(code.toLowerCase())
    await b.tap('code-submit')
    await b.tap('join-player')
    await b.by('waiting').waitFor()
    await a.by('seat-name').getByText(BORIS, { exact: true }).waitFor()
    await a.by('presence').nth(1).waitFor()
    await a.shot('waiting')
  }],
  ['the creator gives the right to mark, where the rules of the house want it given', async () => {
    if (await b.by('start-game').count()) return
    await a.by('seat').filter({ hasText: BORIS }).getByRole('button').first().click()
    if (!(await a.by('can-score').isChecked())) await a.tap('can-score')
    await b.by('start-game').waitFor()
  }],
  ['the game starts on both phones', async () => {
    await a.startGame()
    await b.by('table').waitFor()
    await a.sees({ [HOSTILE]: 0, [BORIS]: 0 })
    white = await a.worth('white')
    yellow = await a.worth('yellow')
  }],
  ['both mark balls and both see the same score and money', async () => {
    await a.pot(HOSTILE, 'yellow')
    await b.sees({ [HOSTILE]: yellow })
    await b.pot(BORIS, 'white')
    for (const player of [a, b]) {
      await player.sees({ [HOSTILE]: yellow, [BORIS]: white })
      await player.seesNet(HOSTILE, POINT * (yellow - white))
      await player.seesNet(BORIS, POINT * (white - yellow))
    }
    await a.shot('table')
  }],
  ['an undo is seen by both', async () => {
    await a.pot(BORIS, 'white')
    await b.sees({ [BORIS]: 2 * white })
    await b.by('last-mark').getByTestId('undo').click()
    for (const player of [a, b]) await player.sees({ [HOSTILE]: yellow, [BORIS]: white })
  }],
  ['the same ball marked twice at once is asked about, and one tap takes it back', async () => {
    await Promise.all([a.pot(BORIS, 'yellow'), b.pot(BORIS, 'yellow')])
    for (const player of [a, b]) await player.by('echo').waitFor()
    await a.shot('echo')
    await a.by('last-mark').getByTestId('undo').click()
    await b.sees({ [BORIS]: white + yellow })
    for (const player of [a, b]) await player.by('echo').waitFor({ state: 'detached' })
    await a.by('last-mark').getByTestId('undo').click()
    for (const player of [a, b]) await player.sees({ [HOSTILE]: yellow, [BORIS]: white })
  }],
  ['the turn passes and the selection follows it', async () => {
    await a.row(HOSTILE).click()
    await a.tap('miss')
    await b.page.locator('[data-testid=player][data-turn=true]').filter({ hasText: BORIS }).waitFor()
    await a.page.locator('[data-testid=player][aria-pressed=true]').filter({ hasText: BORIS }).waitFor()
  }],
  ['a reload in the middle of a game keeps everything', async () => {
    await a.page.reload()
    await a.sees({ [HOSTILE]: yellow, [BORIS]: white })
    await a.by('last-mark').waitFor()
    await becomes(() => a.row(HOSTILE).getByTestId('player-balls').locator('.ball').count(), 1)
  }],
  ['a mark made offline is kept, sent later, and counts once', async () => {
    await a.context.setOffline(true)
    await a.by('banner').waitFor()
    await a.pot(HOSTILE, 'white')
    await a.pot(BORIS, 'yellow')
    await a.by('pending').waitFor()
    await a.sees({ [HOSTILE]: yellow, [BORIS]: white })
    await a.shot('offline')
    await a.context.setOffline(false)
    await a.by('banner').waitFor({ state: 'detached' })
    for (const player of [a, b]) await player.sees({ [HOSTILE]: yellow + white, [BORIS]: white + yellow })
    await a.by('pending').waitFor({ state: 'detached' })
    await becomes(() => marks(b), 4)
  }],
  ['a mark waiting on the phone survives a reload', async () => {
    await a.context.setOffline(true)
    await a.by('banner').waitFor()
    await a.pot(HOSTILE, 'white')
    await a.by('pending').waitFor()
    await a.context.setOffline(false)
    await a.page.reload()
    for (const player of [a, b]) await player.sees({ [HOSTILE]: yellow + 2 * white })
    await b.by('last-mark').getByTestId('undo').click()
    for (const player of [a, b]) await player.sees({ [HOSTILE]: yellow + white })
  }],
  ['a restart of the server loses nothing', async () => {
    if (!process.env.RESTART_CMD) return 'skipped: no RESTART_CMD'
    execSync(process.env.RESTART_CMD, { stdio: 'ignore' })
    await a.pot(HOSTILE, 'yellow')
    for (const player of [a, b]) {
      await player.by('banner').waitFor({ state: 'detached' })
      await player.sees({ [HOSTILE]: 2 * yellow + white, [BORIS]: white + yellow })
    }
    await b.by('last-mark').getByTestId('undo').click()
    await a.sees({ [HOSTILE]: yellow + white })
  }],
  ['a foul is marked', async () => {
    await b.row(BORIS).click()
    await b.tap('foul')
    for (const player of [a, b]) await player.sees({ [BORIS]: white + yellow - 1 })
  }],
  ['a refused mark is shown with its reason; the game ends with exact money', async () => {
    await a.context.setOffline(true)
    await a.by('banner').waitFor()
    await a.pot(HOSTILE, 'white')
    await b.endGame()
    await b.by('result-view').waitFor()
    await a.context.setOffline(false)
    await a.by('result-view').waitFor()
    await a.by('refused').waitFor()
    await a.shot('refused')
    await a.tap('dismiss')
    net.first = POINT * 1
    for (const player of [a, b]) {
      await player.by('result').filter({ hasText: HOSTILE }).getByTestId('result-net').getByText(rubles(net.first), { exact: true }).waitFor()
      await player.by('result').filter({ hasText: BORIS }).getByTestId('result-net').getByText(rubles(-net.first), { exact: true }).waitFor()
      await player.by('transfer').waitFor()
    }
    await a.shot('result')
    await a.tap('why-button')
    await a.by('why').waitFor()
    await a.shot('why')
    await a.tap('close-sheet')
  }],
  ['a game that was ended by mistake goes on, and ends as it was', async () => {
    await a.tap('reopen')
    await a.tap('reopen-yes')
    for (const player of [a, b]) await player.sees({ [HOSTILE]: yellow + white, [BORIS]: white + yellow - 1 })
    await a.pot(BORIS, 'yellow')
    await a.shot('goes-on')
    await b.by('last-mark').getByTestId('undo').click()
    await b.sees({ [BORIS]: white + yellow - 1 })
    await b.endGame()
    await a.by('result-view').waitFor()
  }],
  ['a forgotten ball is added to the result, and a wrong one is taken back', async () => {
    await a.tap('add-mark-button')
    await a.by('add-mark').getByText(BORIS).click()
    await a.by('add-mark').getByTestId('ball-yellow').click()
    const first = POINT * (1 - yellow)
    for (const player of [a, b]) {
      await player.by('result').filter({ hasText: BORIS }).getByTestId('result-net').getByText(rubles(-first), { exact: true }).waitFor()
    }
    await a.shot('added')
    await a.tap('log-button')
    await a.by('log').getByTestId('log-undo').first().click()
    await a.by('log').locator('.voided').first().waitFor()
    await a.tap('close-sheet')
    for (const player of [a, b]) {
      await player.by('result').filter({ hasText: BORIS }).getByTestId('result-net').getByText(rubles(-net.first), { exact: true }).waitFor()
    }
  }],
  ['a ball of the wrong player is given to the right one, and back', async () => {
    await a.tap('log-button')
    const line = a.by('log').getByTestId('log-line').filter({ hasText: 'Борис · бел' }).filter({ has: a.page.getByTestId('log-move') }).last()
    await line.getByTestId('log-move').click()
    await a.shot('move')
    await line.getByTestId('log-move-to').first().click()
    await a.by('log').getByText(`теперь ${HOSTILE}`).waitFor()
    const moved = POINT * (1 + 2 * white)
    for (const player of [a, b]) {
      await player.by('result').filter({ hasText: HOSTILE }).getByTestId('result-net').getByText(rubles(moved), { exact: true }).waitFor()
    }
    await a.by('log').getByTestId('log-line').filter({ hasText: `теперь ${HOSTILE}` }).getByTestId('log-undo').click()
    await a.by('log').locator('.voided').filter({ hasText: `теперь ${HOSTILE}` }).waitFor()
    await a.tap('close-sheet')
    for (const player of [a, b]) {
      await player.by('result').filter({ hasText: BORIS }).getByTestId('result-net').getByText(rubles(-net.first), { exact: true }).waitFor()
    }
  }],
  ['somebody paid for the tea, and the table has a clock', async () => {
    await a.tap('money-button')
    await a.by('expense-title').fill('Чай')
    await a.by('expense-amount').fill('300')
    await a.tap('expense-add')
    await a.by('entry').getByText('Чай').waitFor()
    await a.by('clock-price').fill('600')
    await a.tap('clock-start')
    await a.by('clock').waitFor()
    await a.tap('clock-stop')
    await a.by('entry').nth(1).waitFor()
    await a.shot('money')
    await a.tap('close-sheet')
    // One minute of the table and the tea: each bears half.
    await b.by('transfer').getByText(rubles(15_000 + 500 + net.first, false), { exact: true }).waitFor()
    await b.by('ledger-button').filter({ hasText: BORIS }).click()
    await b.by('ledger-line').nth(2).waitFor()
    await b.by('ledger-balance').getByText(rubles(-(15_000 + 500 + net.first))).waitFor()
    await b.shot('ledger')
    await b.tap('close-sheet')
  }],
  ['a second game with a guest is played', async () => {
    await a.tap('people-button')
    await a.by('guest-name').fill('Гость Гриша')
    await a.tap('guest-add')
    await a.by('seat-name').getByText('Гость Гриша', { exact: true }).waitFor()
    await a.tap('close-sheet')
    await a.tap('start-manual')
    await a.tap('order-start')
    await b.by('table').waitFor()
    await b.pot(BORIS, 'yellow')
    await a.sees({ [BORIS]: yellow })
    await b.pot(BORIS, 'yellow').catch(() => b.pot(BORIS, 'white'))
    await a.by('last-mark').waitFor()
    await a.shot('table-2')
  }],
  ['a board without an account follows by itself', async () => {
    await a.tap('more-button')
    await a.tap('open-people')
    await a.tap('share-board')
    const link = await a.by('board-link').getAttribute('href')
    await a.tap('close-sheet')
    const context = await browser.newContext({ baseURL: base, viewport: { width: 1280, height: 720 }, reducedMotion: 'reduce', locale: 'ru-RU' })
    const tv = await context.newPage()
    tv.setDefaultTimeout(TIMEOUT)
    await tv.goto(link)
    const column = (name) => tv.getByTestId('board-player').filter({ hasText: name }).getByTestId('board-points')
    await column('Гость Гриша').getByText('0', { exact: true }).waitFor()
    await a.pot('Гость Гриша', 'white')
    await column('Гость Гриша').getByText(String(white), { exact: true }).waitFor()
    await tv.screenshot({ path: path.join(out, 'board.png') })
    await context.close()
  }],
  ['the log tells who marked what', async () => {
    await a.tap('more-button')
    await a.tap('open-log')
    await a.by('log').getByText('Гость Гриша').first().waitFor()
    await a.shot('log')
    const print = await a.by('fingerprint').textContent()
    if (!/[0-9a-f]{4} [0-9a-f]{4} [0-9a-f]{4} [0-9a-f]{4}/.test(print)) throw new Error(`no fingerprint: ${print}`)
    await b.tap('more-button')
    await b.tap('open-log')
    await b.by('fingerprint').getByText(print.match(/[0-9a-f]{4} .*[0-9a-f]{4}/)[0], { exact: false }).waitFor()
    await b.tap('close-sheet')
    await a.tap('close-sheet')
  }],
  ['the language changes at once', async () => {
    await b.page.goto('/me')
    await b.tap('lang-en')
    await b.by('logout').getByText('Log out', { exact: true }).waitFor()
    await b.shot('me')
    await b.tap('tab-lobby')
    await b.by('new-session').getByText('New evening', { exact: true }).waitFor()
    await b.by('running').waitFor()
    await b.shot('lobby')
    await b.tap('running')
    await b.by('table').waitFor()
    await b.by('miss').getByText('Miss').waitFor()
  }],
  ['the evening is completed, and who pays whom adds up to the balances', async () => {
    await a.endGame()
    await a.by('result-view').waitFor()
    await a.shot('result-2')
    await a.tap('complete')
    await a.tap('complete-yes')
    for (const player of [a, b]) {
      await player.by('evening').waitFor()
      await player.by('transfer').first().waitFor()
    }
    const balance = await api(`/api/v1/sessions/${session}/balance`)
    const owed = new Map(balance.participants.map((p) => [p.participant_id, p.net]))
    same([...owed.values()].reduce((x, y) => x + y, 0), 0)
    const amounts = await a.by('transfer').evaluateAll((rows) => rows.map((row) => row.dataset.amount))
    same(amounts.join(), balance.settlement.map((pay) => pay.amount).join())
    for (const pay of balance.settlement) {
      owed.set(pay.from, owed.get(pay.from) + pay.amount)
      owed.set(pay.to, owed.get(pay.to) - pay.amount)
      await a.by('transfer').getByText(rubles(pay.amount, false), { exact: true }).first().waitFor()
    }
    same([...owed.values()].every((left) => left === 0), true)
    await a.shot('evening')
  }],
  ['who has paid is ticked off, on both phones', async () => {
    const left = await b.by('transfer').count()
    await a.by('paid').first().click()
    for (const player of [a, b]) await player.page.waitForFunction((n) => document.querySelectorAll('[data-testid=transfer]').length < n, left)
    await a.tap('money-button')
    await a.by('entry').first().getByTestId('entry-undo').click()
    await a.by('entry').locator('.voided').or(a.page.locator('[data-testid=entry].voided')).first().waitFor()
    await a.tap('close-sheet')
    await b.page.waitForFunction((n) => document.querySelectorAll('[data-testid=transfer]').length === n, left)
  }],
  ['a mark of an ended game is undone after the evening, and the money follows', async () => {
    const before = await a.by('balances').innerText()
    await a.tap('log-button')
    await a.by('log').getByTestId('log-undo').first().click()
    await a.by('log').locator('.voided').first().waitFor()
    await a.tap('close-sheet')
    await a.page.waitForFunction((text) => document.querySelector('[data-testid=balances]').innerText !== text, before)
    for (const player of [a, b]) await player.by('late').waitFor()
    await b.shot('late')
  }],
  ['after all that the phones log out and stay out', async () => {
    await a.page.goto('/me')
    await a.tap('logout')
    await a.by('welcome').waitFor()
    await a.page.reload()
    await a.by('welcome').waitFor()
  }],
]

async function marks(player) {
  const [items] = [await api(`/api/v1/sessions/${session}/events?after_seq=0&limit=200`, player)]
  const voided = new Set(items.items.filter((e) => e.type === 'game.event_voided').map((e) => e.data.voided_seq))
  return items.items.filter((e) => e.type === 'game.ball_potted' && !voided.has(e.seq)).length
}

// The page keeps its token to itself; an account of its own login asks beside it.
async function api(address, player = b) {
  return player.page.evaluate(async ({ address, username }) => {
    const login = await fetch('/api/v1/auth/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username, password: 'correct horse battery' }) })
    const { access_token: token } = await login.json()
    return (await fetch(address, { headers: { authorization: `Bearer ${token}` } })).json()
  }, { address, username: `boris-${unique}` })
}

await take(steps, { browser, out, problems })
