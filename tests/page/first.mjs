// The first minute as strangers live it, against the server at BASE_URL; prints one line per step, exit code 0 or 1.
// OUT: where screenshots go. The server listens on an address of this machine only.
import path from 'node:path'
import { newPlayer, TIMEOUT } from './player.mjs'
import { becomes, begin, same, take } from './steps.mjs'

const { base, out, browser, problems, unique } = await begin('first', { args: ['--host-resolver-rules=MAP hall.test 127.0.0.1', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] })
const FIVE_SECONDS = 5000
const PHONES = 'http://192.0.2.7:8080'
// A name that means this machine, but not to the browser's rules: plain http as in a hall's network.
const hall = `http://hall.test:${new URL(base).port || 80}`
const player = (name, more = {}) => newPlayer(browser, { base, out, name, problems, ...more })
const [anna, boris, vera] = [await player('Аня'), await player('Борис'), await player('Вера', { colorScheme: 'light' })]
let code
let session

const steps = [
  ['the first screen says what this is, and offers three ways, all in view', async () => {
    await anna.page.goto('/')
    for (const way of ['welcome-start', 'welcome-join', 'welcome-sign-in']) {
      const box = await anna.by(way).boundingBox()
      same(box.y + box.height <= 740 && box.height >= 48, true, way)
    }
    await anna.by('what').waitFor()
    await anna.shot('welcome')
    await vera.page.goto('/')
    await vera.by('welcome').waitFor()
    await vera.shot('welcome-light')
    await vera.page.getByTestId('lang-en').click()
    await vera.by('what').getByText('The score of a billiards evening').waitFor()
    await vera.shot('welcome-en')
    await vera.page.setViewportSize({ width: 1440, height: 900 })
    await vera.shot('welcome-laptop')
    await vera.page.setViewportSize({ width: 820, height: 1180 })
    await vera.shot('welcome-tablet')
    await vera.page.setViewportSize({ width: 360, height: 740 })
    await big(vera, 'welcome-200')
    await vera.page.getByTestId('lang-ru').click()
  }],
  ['an evening is started by a name alone', async () => {
    await anna.tap('welcome-start')
    await anna.by('guest-display-name').fill(anna.name)
    await anna.shot('enter-start')
    await anna.tap('enter')
    session = await anna.createHere('Пятница')
    code = await anna.by('code').innerText()
  }],
  ['an address of this machine only is in no QR code; the page says what to start instead', async () => {
    await anna.by('local-only').getByText('--lan').waitFor()
    await becomes(() => anna.by('qr').count(), 0)
    await anna.shot('local-only')
    await big(anna, 'local-only-200')
  }],
  ['where the server knows an address for phones, the QR code and the link have it', async () => {
    await anna.context.route('**/api/v1/server', (route) => route.fulfill({ json: { version: '0', public_url: null, reachable_urls: [PHONES], features: {} } }))
    await anna.page.reload()
    await becomes(() => anna.by('qr').getAttribute('data-text'), `${PHONES}/join/${code}`)
    await becomes(() => anna.by('join-link').innerText(), `${PHONES}/join/${code}`)
    await anna.shot('invite')
  }],
  ['by the link to the table in five seconds, without a password', async () => {
    const began = Date.now()
    await boris.page.goto(`/join/${code.toLowerCase()}`)
    await boris.by('guest-display-name').fill(boris.name)
    await boris.shot('enter-join')
    await big(boris, 'enter-join-200')
    await boris.by('guest-display-name').press('Enter')
    await boris.by('waiting').waitFor()
    const took = Date.now() - began
    same(took < FIVE_SECONDS, true, `${took} ms`)
    await anna.by('seat-name').getByText(boris.name, { exact: true }).waitFor()
    return `${took} ms`
  }],
  ['a wrong code is told, and the right one still leads to the table', async () => {
    await vera.tap('welcome-join')
    await vera.by('code-input').fill('zzzz-zz')
    await vera.by('guest-display-name').fill(vera.name)
    await vera.shot('enter-code-light')
    await vera.tap('enter')
    await vera.by('no-table').waitFor()
    await vera.shot('no-table-light')
    await vera.by('code-input').fill(code.toLowerCase())
    await vera.tap('code-submit')
    await vera.by('join-player').waitFor()
    await vera.shot('join-light')
    await vera.tap('join-player')
    await vera.by('waiting').waitFor()
  }],
  ['the link of a session asks for the code, signed in or not', async () => {
    const stranger = await player('Глеб')
    await stranger.page.goto(`/s/${session}`)
    await stranger.by('session-link').waitFor()
    await stranger.shot('session-link')
    await stranger.register(`gleb-${unique}`)
    await stranger.page.goto(`/s/${session}`)
    await stranger.by('not-member').waitFor()
    await becomes(() => stranger.by('problem').count(), 0)
    await stranger.shot('not-member')
    await anna.startGame()
    await stranger.by('code-input').fill(code)
    await stranger.tap('code-submit')
    await stranger.by('join-running').waitFor()
    await stranger.shot('join-running')
    await stranger.tap('join-player')
    await stranger.by('table').waitFor()
    await stranger.by('late-note').getByText('со следующей').waitFor()
    await stranger.shot('late')
    await becomes(() => anna.by('late-note').count(), 0)
    await anna.endGame()
    await stranger.by('results').or(stranger.by('start-game')).first().waitFor()
    await becomes(() => stranger.by('late-note').count(), 0)
    await stranger.context.close()
  }],
  ['more than a game takes: who plays is chosen', async () => {
    await anna.page.goto('/new')
    await anna.page.getByTestId('game-americana').check()
    await anna.tap('create')
    await anna.by('waiting').waitFor()
    for (const name of ['Дима', 'Ева']) {
      await anna.by('guest-name').fill(name)
      await anna.tap('guest-add')
      await anna.by('seat-name').getByText(name, { exact: true }).waitFor()
    }
    await anna.by('too-many').waitFor()
    await anna.shot('too-many')
    await anna.tap('start-game')
    await anna.by('order').waitFor()
    await anna.by('order').locator('input').nth(2).check()
    await becomes(() => anna.by('order-start').isDisabled(), true)
    await anna.by('order').locator('input').nth(0).uncheck()
    await anna.shot('order')
    await anna.tap('order-start')
    await anna.by('table').waitFor()
    await anna.by('late-note').getByText('не играете').waitFor()
    await anna.shot('sits-out')
  }],
  ['templates and errors are told in the language of the page', async () => {
    await vera.page.goto('/me')
    await vera.page.getByTestId('lang-en').click()
    await vera.page.goto('/new')
    await vera.by('template').getByText('Kolkhoz: standard').waitFor()
    await becomes(async () => /[а-я]/i.test(await vera.page.locator('main').innerText()), false)
    await vera.page.goto('/me')
    await vera.page.getByTestId('lang-ru').click()
  }],
  ['a guest keeps the evenings by an account, and takes nobody else’s name', async () => {
    await boris.page.goto('/me')
    await boris.by('claim').waitFor()
    await boris.shot('me-guest')
    await boris.tap('claim-open')
    await boris.by('claim-username').fill(`gleb-${unique}`)
    await boris.by('claim-password').fill('correct horse battery')
    await boris.tap('claim-submit')
    await boris.by('problem').getByText('занят').waitFor()
    await boris.shot('claim')
    await boris.by('claim-username').fill(`boris-${unique}`)
    await boris.tap('claim-submit')
    await boris.by('claim').waitFor({ state: 'detached' })
    await boris.by('title').getByText(`@boris-${unique}`).waitFor()
    await boris.tap('logout')
    await boris.by('welcome').waitFor()
    await boris.tap('welcome-sign-in')
    await boris.by('username').fill(`boris-${unique}`)
    await boris.by('password').fill('wrong horse battery')
    await boris.shot('sign-in')
    await boris.tap('submit')
    await boris.by('problem').getByText('Неверный').waitFor()
    await boris.by('password').fill('correct horse battery')
    await boris.tap('submit')
    await boris.by('running').waitFor()
  }],
  ['a guest who leaves is asked first: there is no way back', async () => {
    await vera.page.goto('/me')
    await vera.tap('logout')
    await vera.by('logout-yes').waitFor()
    await vera.shot('guest-logout-light')
  }],
  ['who has an account comes back to the table after signing in', async () => {
    const guest = await player('Борис')
    await guest.page.goto(`/join/${code}`)
    await guest.tap('have-account')
    await guest.by('username').fill(`boris-${unique}`)
    await guest.by('password').fill('correct horse battery')
    await guest.tap('submit')
    await guest.by('join-player').waitFor()
    same(new URL(guest.page.url()).pathname, `/join/${code}`)
    await guest.context.close()
  }],
  ['the camera reads the code where the browser can, and is off afterwards', async () => {
    const phone = await player('Зоя', { permissions: ['camera'] })
    await phone.page.addInitScript((link) => {
      globalThis.seen = []
      globalThis.BarcodeDetector = class {
        static getSupportedFormats() { return Promise.resolve(['qr_code']) }
        detect(video) { return Promise.resolve(video.videoWidth && globalThis.seen.length ? [{ rawValue: globalThis.seen.shift() }] : []) }
      }
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
      navigator.mediaDevices.getUserMedia = async (wants) => { globalThis.stream = await ask(wants); return globalThis.stream }
      globalThis.link = link
    }, `${PHONES}/join/${code}`)
    await phone.page.goto('/join')
    await phone.tap('scan')
    await phone.by('scan-said').getByText('Наведите').waitFor()
    await phone.shot('scan')
    await phone.page.evaluate(() => globalThis.seen.push('WIFI:S:hall;;', globalThis.link))
    await phone.by('scan-sheet').waitFor({ state: 'detached' })
    await becomes(() => phone.by('code-input').inputValue(), code)
    await becomes(() => phone.page.evaluate(() => globalThis.stream.getTracks().every((track) => track.readyState === 'ended')), true, 'the camera is off')
    await phone.page.evaluate(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError')) })
    await phone.tap('scan')
    await phone.by('scan-said').getByText('не разрешена').waitFor()
    await phone.shot('scan-denied')
    await phone.tap('close-sheet')
    await phone.by('guest-display-name').fill(phone.name)
    await phone.tap('enter')
    await phone.by('results').waitFor()
    await phone.context.close()
  }],
  ['over plain http: the link is copied, the outcome too, and two tabs stay signed in', async () => {
    const phone = await player('Женя', { base: hall })
    await phone.page.goto('/')
    const has = await phone.page.evaluate(() => [isSecureContext, Boolean(navigator.clipboard), Boolean(navigator.locks)])
    same(has.join(), 'false,false,false', 'as in a hall')
    await phone.tap('welcome-start')
    await phone.by('guest-display-name').fill(phone.name)
    await phone.tap('enter')
    await phone.createHere('Зал')
    const link = `${hall}/join/${await phone.by('code').innerText()}`
    await becomes(() => phone.by('qr').getAttribute('data-text'), link)
    await phone.tap('share-link')
    await phone.by('share-link').getByText('Ссылка скопирована').waitFor()
    await phone.by('guest-name').fill('')
    await phone.by('guest-name').focus()
    await phone.page.keyboard.press('Control+V')
    await becomes(() => phone.by('guest-name').inputValue(), link.slice(0, 64))
    await phone.by('guest-name').fill('Игорь')
    await phone.tap('guest-add')
    await phone.by('seat-name').getByText('Игорь', { exact: true }).waitFor()
    await phone.startGame()
    // What is not in the open sheet can be neither selected nor tapped.
    await phone.tap('people-button')
    await phone.tap('share-link')
    await phone.by('share-link').getByText('Ссылка скопирована').waitFor()
    await phone.by('guest-name').focus()
    await phone.page.keyboard.press('Control+V')
    await becomes(() => phone.by('guest-name').inputValue(), link.slice(0, 64))
    await phone.tap('close-sheet')
    await phone.pot('Игорь', 'white')
    await phone.sees({ Игорь: 1 })
    await phone.endGame()
    await phone.tap('share-result')
    await phone.by('share-result').getByText('Итоги скопированы').waitFor()
    const second = await phone.context.newPage()
    await second.goto('/')
    for (let round = 0; round < 6; round += 1) {
      await Promise.all([phone.page, second].map((tab) => tab.reload()))
      await Promise.all([phone.page.getByTestId('results').or(phone.page.getByTestId('start-game')).first().waitFor({ timeout: TIMEOUT }), second.getByTestId('lobby').waitFor({ timeout: TIMEOUT })])
    }
    await second.getByTestId('running').waitFor({ timeout: TIMEOUT })
    await phone.context.close()
  }],
]

/** The screen with letters of twice the size; nothing may stick out to the side. */
async function big(who, name) {
  await who.page.evaluate(() => { document.documentElement.style.fontSize = '200%' })
  await becomes(() => who.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${name}: nothing beside the screen`)
  await who.page.screenshot({ path: path.join(out, `${name}.png`), fullPage: true })
  await who.page.evaluate(() => { document.documentElement.style.fontSize = '' })
}

await take(steps, { browser, out, problems })
