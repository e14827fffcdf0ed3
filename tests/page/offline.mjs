// Without a link: the evenings as they were seen last, marks that wait over a reload, and two tabs that wait together.
// Against the server at BASE_URL; prints one line per step, exit code 0 or 1. OUT and CHROMIUM as for evening.mjs.
import { newPlayer, TIMEOUT } from './player.mjs'
import { becomes, begin, same, take } from './steps.mjs'
import { account, kolkhoz, openTable, play } from './table_setup.mjs'

const { base, out, browser, problems, unique } = await begin('offline', { args: ['--host-resolver-rules=MAP hall.test 127.0.0.1'] })
const ANNA = 'Анна'
const GLEB = 'Глеб'
const anna = await newPlayer(browser, { base, out, name: ANNA, problems })
let evening
let unopened
let second

/** The balls that the log of the evening has, oldest first. */
const balls = async () => {
  const { items } = await anna.get(`/sessions/${evening.id}/events?limit=200`)
  return items.filter(({ type }) => type === 'game.ball_potted').map(({ data }) => data.color)
}
const lose = async () => {
  await anna.context.setOffline(true)
  await anna.by('banner').waitFor()
}
const comeBack = () => anna.context.setOffline(false)
const dot = (online) => anna.page.locator(`[data-testid=live-dot][data-online=${online}]`).first().waitFor()
/** The cookies of a page that has renewed its login: an answer that is on its way would bring another one over whatever is set here. */
const ownLogin = async () => {
  await dot(true)
  return anna.context.cookies()
}
const seenKeys = ({ page }) => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('artel.seen.')).join())
const keptOf = async (player) => (await seenKeys(player)).includes(evening.id)
const running = (name) => anna.by('running').filter({ hasText: name })

const steps = [
  ['an evening is opened once, and the page is installed', async () => {
    await account(anna, base, `anna-${unique}`)
    const past = await openTable(anna, { name: 'Прошлый вторник', rules: kolkhoz(), guests: [GLEB] })
    await play(past, [[ANNA, 'pink']], { end: {} })
    await anna.post(`/sessions/${past.id}/complete`)
    unopened = await openTable(anna, { name: 'Другой стол', rules: kolkhoz(), guests: [GLEB] })
    evening = await openTable(anna, { name: 'Пятничный колхоз', rules: kolkhoz(), guests: [GLEB] })
    await play(evening, [[ANNA, 'white']], { end: {} })
    await play(evening, [[ANNA, 'black'], [GLEB, 'white']])
    await anna.page.goto('/')
    await running('Пятничный колхоз').click()
    await anna.by('table').waitFor()
    await anna.sees({ [ANNA]: 7, [GLEB]: 1 })
    await anna.row(ANNA).getByTestId('evening-net').waitFor()
    await anna.page.waitForFunction(() => navigator.serviceWorker.controller)
  }],
  ['without a link the table is there after a reload, as it was seen last', async () => {
    await lose()
    await anna.page.reload()
    await anna.by('table').waitFor()
    await anna.by('banner').waitFor()
    await dot(false)
    await anna.sees({ [ANNA]: 7, [GLEB]: 1 })
    await anna.by('last-mark').waitFor()
    await anna.row(ANNA).getByTestId('evening-net').waitFor()
    await becomes(() => anna.row(ANNA).getByTestId('player-balls').locator('.ball').count(), 1)
    await anna.shot('offline-table')
  }],
  ['what is marked there counts as points that wait, over another reload too', async () => {
    await anna.pot(ANNA, 'yellow')
    await anna.pot(GLEB, 'pink')
    for (const reload of [false, true]) {
      if (reload) await anna.page.reload()
      await anna.row(ANNA).getByTestId('pending-points').getByText('+2').waitFor()
      await anna.row(GLEB).getByTestId('pending-points').getByText('+6').waitFor()
      await anna.sees({ [ANNA]: 7, [GLEB]: 1 })
      await anna.by('banner').filter({ hasText: '2' }).waitFor()
    }
    await anna.shot('offline-pending')
  }],
  ['the list of my evenings is there too, and says of others that they were not opened', async () => {
    await anna.tap('back')
    await running('Пятничный колхоз').waitFor()
    await dot(false)
    await anna.page.reload()
    await anna.by('past').filter({ hasText: 'Прошлый вторник' }).waitFor()
    await running('Другой стол').waitFor()
    await anna.by('banner').waitFor()
    await dot(false)
    await anna.shot('offline-lobby')
    await running('Другой стол').click()
    await anna.by('loading').getByText('На этом устройстве').waitFor()
    await anna.shot('offline-not-kept')
    await anna.page.goBack()
    await running('Пятничный колхоз').click()
    await anna.row(ANNA).getByTestId('pending-points').waitFor()
  }],
  ['back online all of it is sent once, in order, and the rest comes', async () => {
    await comeBack()
    await anna.by('banner').waitFor({ state: 'detached' })
    await dot(true)
    await anna.by('pending').waitFor({ state: 'detached' })
    await anna.sees({ [ANNA]: 9, [GLEB]: 7 })
    same((await balls()).join(), 'white,black,white,yellow,pink')
    await anna.page.goto(`/s/${unopened.id}`)
    await anna.by('waiting').waitFor()
  }],
  ['a network that answers nothing is not waited for either', async () => {
    let answer
    const silence = new Promise((go) => { answer = go })
    await anna.context.route('**/auth/refresh', async (route) => {
      await silence
      await route.continue()
    })
    await anna.page.goto(`/s/${evening.id}`)
    await anna.sees({ [ANNA]: 9, [GLEB]: 7 })
    await dot(false)
    await anna.page.goto('/')
    await running('Пятничный колхоз').click()
    await anna.sees({ [ANNA]: 9, [GLEB]: 7 })
    await anna.by('banner').waitFor()
    answer()
    await dot(true)
    await anna.by('banner').waitFor({ state: 'detached' })
    await anna.context.unroute('**/auth/refresh')
  }],
  ['two tabs show each other what waits, and send it in the order of the taps', async () => {
    await anna.page.goto(`/s/${evening.id}`)
    await anna.by('table').waitFor()
    second = Object.assign(Object.create(Object.getPrototypeOf(anna)), anna, { page: await anna.context.newPage() })
    second.page.setDefaultTimeout(TIMEOUT)
    await second.page.goto(`/s/${evening.id}`)
    await second.sees({ [ANNA]: 9, [GLEB]: 7 })
    await anna.pot(ANNA, 'white')
    await second.sees({ [ANNA]: 10 })
    await lose()
    await second.by('banner').waitFor()
    await anna.pot(ANNA, 'green')
    await second.row(ANNA).getByTestId('pending-points').getByText('+3').waitFor()
    await second.pot(GLEB, 'brown')
    await anna.row(GLEB).getByTestId('pending-points').getByText('+4').waitFor()
    await anna.pot(ANNA, 'blue')
    await second.row(ANNA).getByTestId('pending-points').getByText('+8').waitFor()
    await second.pot(GLEB, 'pink')
    await anna.row(GLEB).getByTestId('pending-points').getByText('+10').waitFor()
    await anna.by('banner').filter({ hasText: '4' }).waitFor()
    await second.shot('two-tabs')
    await comeBack()
    for (const tab of [anna, second]) {
      await tab.by('pending').waitFor({ state: 'detached' })
      await tab.sees({ [ANNA]: 18, [GLEB]: 17 })
    }
    same((await balls()).slice(-5).join(), 'white,green,brown,blue,pink')
  }],
  ['what one tab keeps is taken back in the other', async () => {
    await lose()
    // A tab that has not heard of it yet still sends, by the link it has.
    await second.by('banner').waitFor()
    await anna.pot(ANNA, 'black')
    await second.by('pending').getByTestId('undo').click()
    await anna.by('pending-points').waitFor({ state: 'detached' })
    await comeBack()
    await anna.by('banner').waitFor({ state: 'detached' })
    await becomes(async () => (await balls()).length, 10)
  }],
  ['what a closed tab leaves is sent by the other one', async () => {
    await lose()
    await second.by('banner').waitFor()
    await second.pot(GLEB, 'white')
    await anna.row(GLEB).getByTestId('pending-points').getByText('+1').waitFor()
    await second.page.close()
    await comeBack()
    await anna.by('banner').waitFor({ state: 'detached' })
    await anna.sees({ [GLEB]: 18 })
    await becomes(async () => (await balls()).length, 11)
  }],
  ...[true, false].map((locks) => [`two tabs renew one login at once, ${locks ? 'by the browser’s locks' : 'without them'}, and stay signed in`, async () => {
    const phone = await newPlayer(browser, { base, out, name: 'Женя', problems })
    if (!locks) await phone.context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }))
    await account(phone, base, `zhenya-${locks}-${unique}`)
    // Held a moment: those that come meanwhile did not wait for it.
    let inside = 0
    let most = 0
    await phone.context.route('**/auth/refresh', async (route) => {
      inside += 1
      most = Math.max(most, inside)
      await new Promise((go) => setTimeout(go, 200))
      const response = await route.fetch()
      inside -= 1
      await route.fulfill({ response })
    })
    const tabs = [phone.page, await phone.context.newPage(), await phone.context.newPage()]
    for (const tab of tabs) await tab.goto('/')
    same(await phone.page.evaluate(() => Boolean(navigator.locks)), locks)
    for (let round = 0; round < 4; round += 1) {
      const renewed = tabs.map((tab) => tab.waitForResponse((answer) => answer.url().endsWith('/auth/refresh') && answer.ok(), { timeout: TIMEOUT }))
      await phone.context.setOffline(true)
      await Promise.all(tabs.map((tab) => tab.getByTestId('banner').waitFor({ timeout: TIMEOUT })))
      // The token is used up: each tab has to ask for another one as soon as the link is back.
      await Promise.all(tabs.map((tab) => tab.evaluate(() => { Date.now = ((now) => () => now() + 3_600_000)(Date.now) })))
      await phone.context.setOffline(false)
      await Promise.all(renewed)
      await Promise.all(tabs.map((tab) => tab.getByTestId('banner').waitFor({ state: 'detached', timeout: TIMEOUT })))
      await Promise.all(tabs.map((tab) => tab.getByTestId('lobby').waitFor({ timeout: TIMEOUT })))
    }
    // A lease in the storage may be taken twice in one moment; the server forgives that.
    same(most <= (locks ? 1 : 2), true, `${most} at once`)
    await phone.context.close()
  }]),
  ['over plain http no worker keeps the page: a second visit shows the table all the same before the server has said a word', async () => {
    const phone = await newPlayer(browser, { base: `http://hall.test:${new URL(base).port || 80}`, out, name: 'Ирина', problems })
    await account(phone, base, `irina-${unique}`)
    const hall = await openTable(phone, { name: 'В зале', rules: kolkhoz(), guests: [GLEB] })
    await play(hall, [['Ирина', 'pink'], [GLEB, 'green']])
    await phone.page.goto('/signin')
    await phone.by('username').fill(`irina-${unique}`)
    await phone.by('password').fill('correct horse battery')
    await phone.tap('submit')
    await phone.by('lobby').waitFor()
    same(await phone.page.evaluate(() => isSecureContext || Boolean(navigator.serviceWorker)), false)
    await phone.page.goto(`/s/${hall.id}`)
    await phone.sees({ Ирина: 6, [GLEB]: 3 })
    await becomes(async () => (await seenKeys(phone)).includes(hall.id), true)
    let answer
    const silence = new Promise((go) => { answer = go })
    await phone.context.route('**/api/v1/**', async (route) => {
      await silence
      await route.continue()
    })
    await phone.page.reload()
    await phone.sees({ Ирина: 6, [GLEB]: 3 })
    await phone.by('last-mark').waitFor()
    await phone.shot('hall-kept')
    await phone.pot(GLEB, 'white')
    await phone.row(GLEB).getByTestId('pending-points').getByText('+1').waitFor()
    answer()
    await phone.page.locator('[data-testid=live-dot][data-online=true]').waitFor()
    await phone.sees({ Ирина: 6, [GLEB]: 4 })
    await phone.context.close()
  }],
  ['where somebody else is signed in meanwhile, nothing of who was here is shown or kept', async () => {
    const olga = await newPlayer(browser, { base, out, name: 'Ольга', problems })
    await account(olga, base, `olga-${unique}`)
    await anna.page.goto(`/s/${evening.id}`)
    await becomes(() => keptOf(anna), true)
    const own = await ownLogin()
    await anna.context.addCookies(await olga.context.cookies())
    await anna.page.reload()
    await anna.by('not-member').waitFor()
    same(await anna.by('table').count(), 0)
    await becomes(() => keptOf(anna), false)
    await anna.page.goto('/')
    await anna.by('lobby').getByText('Ольга').waitFor()
    same(await running('Пятничный колхоз').count(), 0)
    await olga.context.close()
    await anna.context.addCookies(own)
    await anna.page.goto(`/s/${evening.id}`)
    await anna.sees({ [ANNA]: 18, [GLEB]: 18 })
  }],
  ['where the login is over, what was drawn gives way, and nothing of it stays', async () => {
    await becomes(() => keptOf(anna), true)
    const own = await ownLogin()
    await anna.context.clearCookies()
    await anna.page.reload()
    await anna.by('enter-view').waitFor()
    same(await anna.by('table').count(), 0)
    await becomes(() => seenKeys(anna), '')
    await anna.context.addCookies(own)
    await anna.page.reload()
    await anna.by('table').waitFor()
  }],
  ['after signing out nothing of it is left on the device', async () => {
    await anna.page.goto('/me')
    await anna.tap('logout')
    await anna.by('welcome').waitFor()
    await becomes(() => seenKeys(anna), '')
    await anna.context.setOffline(true)
    await anna.page.reload()
    await anna.by('banner').waitFor()
    await becomes(() => anna.by('lobby').count(), 0)
  }],
]

await take(steps, { browser, out, problems })
