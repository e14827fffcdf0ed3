// One player with an own browser profile: the few things a person does on the page, by stable test ids.
import path from 'node:path'

export const TIMEOUT = Number(process.env.TIMEOUT_MS ?? 15000)
const PRICE = /50\s₽/

export async function newPlayer(browser, { base, out, name, locale = 'ru-RU', viewport = { width: 360, height: 740 }, problems, ...more }) {
  const context = await browser.newContext({ baseURL: base, viewport, locale, reducedMotion: process.env.MOTION ?? 'reduce', colorScheme: 'dark', hasTouch: true, ...more })
  const page = await context.newPage()
  page.setDefaultTimeout(TIMEOUT)
  page.on('dialog', (dialog) => { problems.push(`${name}: a dialog opened: ${dialog.message()}`); dialog.dismiss() })
  page.on('pageerror', (error) => problems.push(`${name}: ${error.stack ?? error}`))
  page.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) problems.push(`${name}: ${message.text()}`)
  })
  return new Player({ context, page, name, out })
}

class Player {
  constructor(fields) {
    Object.assign(this, fields)
  }

  by(testid) { return this.page.getByTestId(testid) }
  tap(testid) { return this.by(testid).first().click() }
  shot(name) { return this.page.screenshot({ path: path.join(this.out, `${name}.png`) }) }

  async register(username) {
    await this.page.goto('/signin')
    await this.tap('switch-auth')
    await this.by('display_name').fill(this.name)
    await this.by('username').fill(username)
    await this.by('password').fill('correct horse battery')
    await this.tap('submit')
    await this.by('lobby').waitFor()
  }

  /** A session from a template at 50 roubles a point; its id. */
  async create(name) {
    await this.tap('new-session')
    return this.createHere(name)
  }

  /** The same, where the form is open already. */
  async createHere(name) {
    await this.by('session-name').fill(name)
    await this.by('template').filter({ hasText: PRICE }).first().click()
    await this.shot('new')
    await this.tap('create')
    await this.by('waiting').waitFor()
    return new URL(this.page.url()).pathname.split('/').at(-1)
  }

  async startGame() {
    await this.tap('start-game')
    await this.by('table').waitFor()
  }

  row(name) { return this.by('player').filter({ has: this.page.getByTestId('player-name').getByText(name, { exact: true }) }) }

  /** The points a ball is worth, as the pad says. */
  async worth(color) { return Number.parseInt(await this.by(`ball-${color}`).innerText(), 10) }

  async pot(name, color) {
    await this.row(name).click()
    await this.by(`ball-${color}`).click()
  }

  /** Waits until this page shows exactly these points. */
  async sees(points) {
    for (const [name, value] of Object.entries(points)) {
      const text = String(value).replace('-', '\u2212')
      await this.row(name).getByTestId('points').getByText(text, { exact: true }).waitFor()
    }
  }

  async seesNet(name, minor) {
    await this.row(name).getByTestId('net').getByText(rubles(minor), { exact: true }).waitFor()
  }

  async endGame() {
    await this.tap('more-button')
    await this.tap('end-game')
    await this.tap('end-game-yes')
  }
}

/** `+250 ₽` as the page must show it: a real minus and a thin space; computed apart from the page's own code. */
export function rubles(minor, signed = true) {
  const whole = Math.floor(Math.abs(minor) / 100)
  const sign = minor < 0 ? '\u2212' : minor > 0 && signed ? '+' : ''
  return `${sign}${String(whole).replace(/\B(?=(\d{3})+$)/g, '\u2009')}\u2009₽`
}
