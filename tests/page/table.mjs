// The table as it is played at: signs, undo and redo, sheets and Back, keys, an outage, screens of all shapes, large text,
// long names. Against the server at BASE_URL; prints one line per step, exit code 0 or 1. OUT and CHROMIUM as for evening.mjs.
import path from 'node:path'
import { overlaps } from './faults.mjs'
import { newPlayer } from './player.mjs'
import { LONG, account, kolkhoz, openTable, play, put, pyramid, snooker } from './table_setup.mjs'
import { becomes, begin, same, take } from './steps.mjs'

const { base, out, browser, problems, unique } = await begin('table')
const ANNA = 'Анна'
const BORIS = 'Борис'
const OTHERS = ['Вера', 'Глеб', 'Дина', 'Егор', 'Жанна', 'Захар', 'Ирина', 'Костя']
const PHONE = { width: 360, height: 740 }
const SCREENS = { phone: PHONE, side: { width: 740, height: 360 }, 'tablet-high': { width: 768, height: 1024 }, tablet: { width: 1024, height: 768 }, laptop: { width: 1366, height: 768 } }
const a = await newPlayer(browser, { base, out, name: ANNA, problems })
const b = await newPlayer(browser, { base, out, name: BORIS, problems })
// What the phone was told to do, for those who only look.
await a.context.addInitScript(() => {
  window.told = { buzzes: 0, sounds: 0 }
  navigator.vibrate = () => { window.told.buzzes += 1; return true }
  const start = OscillatorNode.prototype.start
  OscillatorNode.prototype.start = function (...given) { window.told.sounds += 1; return start.apply(this, given) }
})
let six
let game

const told = (what) => a.page.evaluate((name) => window.told[name], what)
const open = async (player, table) => { await player.page.goto(`/s/${table.id}`); await player.by('table').waitFor() }
const light = (player) => player.page.emulateMedia({ colorScheme: 'light' })
const dark = (player) => player.page.emulateMedia({ colorScheme: 'dark' })
const large = (player, percent) => player.page.evaluate((size) => { document.documentElement.style.fontSize = size }, percent === 100 ? '' : `${percent}%`)
const settle = (player) => player.page.waitForTimeout(150)
const lastMark = (player, text) => player.by('last-mark').filter({ hasText: text }).waitFor()

const steps = [
  ['two accounts and four guests sit at a table; the second game runs', async () => {
    await account(a, base, `anna-${unique}`)
    await account(b, base, `boris-${unique}`)
    six = await openTable(a, { name: 'Пятничный колхоз', rules: kolkhoz({ foul: { kind: 'pool', points: 1 } }), friends: [b], guests: OTHERS.slice(0, 4) })
    await play(six, [[ANNA, 'pink'], [BORIS, 'white'], ['Вера', 'black'], ['Глеб', 'yellow']], { end: {} })
    game = await play(six, [[ANNA, 'yellow'], [ANNA, 'white'], [BORIS, 'green'], ['Дина', { type: 'commit_foul' }], ['Егор', { type: 'commit_foul' }]])
    await open(a, six)
    await open(b, six)
  }],
  ['the own row is marked, the evening stands beside the game, the bank tells whose fouls wait', async () => {
    await a.row(ANNA).getByTestId('you').waitFor()
    await becomes(() => a.by('you').count(), 1)
    await b.row(BORIS).getByTestId('you').waitFor()
    await a.row(ANNA).getByTestId('evening-net').waitFor()
    await a.page.locator('[data-testid=bank][data-sum="2"]').filter({ hasText: 'Егор 1' }).waitFor()
    await a.shot('six-dark')
    await light(a)
    await a.shot('six-light')
    await dark(a)
    await fits(a)
  }],
  ['the strip says who marked; the phone buzzes for others only, and clicks where sound is wanted', async () => {
    await a.page.mouse.click(180, 20)
    await put(six, game, BORIS, 'blue', b)
    await lastMark(a, 'синий')
    await a.by('author').getByText(`отметка: ${BORIS}`).waitFor()
    await b.by('author').getByText('ваша отметка').waitFor()
    await a.page.locator('[data-testid=bank][data-sum="0"]').waitFor()
    await a.page.waitForFunction(() => window.told.buzzes === 1)
    await a.pot(ANNA, 'green')
    await a.by('author').getByText('ваша отметка').waitFor()
    await becomes(() => told('buzzes'), 1)
    await becomes(() => told('sounds'), 0)
    await a.tap('more-button')
    await a.by('sound').click()
    await a.shot('more')
    await a.tap('close-sheet')
    // The two notes of what is heard when it is turned on.
    await a.page.waitForFunction(() => window.told.sounds === 2)
    await put(six, game, BORIS, 'white', b)
    await a.page.waitForFunction(() => window.told.sounds === 3 && window.told.buzzes === 2)
    await a.page.goto('/me')
    await becomes(() => a.by('sound').isChecked(), true)
    await open(a, six)
  }],
  ['what was undone is brought back, once or several times, until another mark comes', async () => {
    await a.by('undo').click()
    await lastMark(a, 'зелёный')
    await a.by('undo').click()
    await lastMark(a, 'синий')
    await a.by('redo').waitFor()
    await a.shot('redo')
    await a.by('redo').click()
    await lastMark(b, `${ANNA} · зелёный`)
    await a.by('redo').click()
    await lastMark(b, `${BORIS} · белый`)
    await a.by('redo').waitFor({ state: 'detached' })
  }],
  ['a mark of the wrong player is given to another from the strip', async () => {
    await a.by('mark-open').click()
    await a.by('mark-sheet').waitFor()
    await a.shot('mark')
    await a.by('mark-sheet').getByText('Вера', { exact: true }).click()
    await lastMark(b, 'Вера · белый')
    await lastMark(a, 'Вера · белый')
  }],
  ['Back closes a sheet before it leaves, and one that was closed by hand costs nothing', async () => {
    await a.page.goto('/')
    await a.by('running').first().click()
    await a.by('table').waitFor()
    await becomes(() => a.page.evaluate(() => document.activeElement.dataset.testid), 'title')
    await a.tap('more-button')
    await a.by('more').waitFor()
    await a.page.goBack()
    await a.by('more').waitFor({ state: 'detached' })
    await a.by('table').waitFor()
    await a.tap('more-button')
    await a.tap('open-log')
    await a.by('log').waitFor()
    await a.tap('close-sheet')
    await a.by('log').waitFor({ state: 'detached' })
    await a.tap('more-button')
    await a.tap('close-sheet')
    // Back while it is still closing would be taken for closing it.
    await a.by('more').waitFor({ state: 'detached' })
    await a.page.goBack()
    await a.by('lobby').waitFor()
    same(new URL(a.page.url()).pathname, '/')
  }],
  ['without a link the dot is no longer green, and what waits counts as points that wait', async () => {
    await open(a, six)
    await a.context.setOffline(true)
    await a.page.locator('[data-testid=live-dot][data-online=false]').waitFor()
    const shown = (await a.row('Егор').getByTestId('points').innerText())
    const before = Number(shown.replace('\u2212', '-'))
    await a.pot('Егор', 'black')
    await a.pot('Егор', 'white')
    await a.row('Егор').getByTestId('pending-points').getByText('+8').waitFor()
    await becomes(() => a.row('Егор').getByTestId('points').innerText(), shown)
    await fits(a)
    await a.shot('offline')
    await light(a)
    await a.shot('offline-light')
    await dark(a)
    await a.context.setOffline(false)
    await a.by('pending-points').waitFor({ state: 'detached' })
    await a.page.locator('[data-testid=live-dot][data-online=true]').waitFor()
    await a.row('Егор').getByTestId('points').getByText(String(before + 8), { exact: true }).waitFor()
  }],
  ['a laptop is played with the keyboard, and ? says how', async () => {
    await a.page.setViewportSize(SCREENS.laptop)
    await open(a, six)
    const selected = () => a.page.locator('[data-testid=player][aria-pressed=true]').getByTestId('player-name').innerText()
    const from = await selected()
    await a.page.keyboard.press('ArrowDown')
    await a.page.waitForFunction((name) => document.querySelector('[data-testid=player][aria-pressed=true] [data-testid=player-name]').innerText !== name, from)
    const to = await selected()
    await a.page.keyboard.press('7')
    await lastMark(a, `${to} · чёрный`)
    await a.page.keyboard.press('Control+z')
    await a.by('redo').waitFor()
    await a.page.keyboard.press('Control+Shift+Z')
    await lastMark(a, `${to} · чёрный`)
    await a.page.keyboard.press('m')
    await lastMark(a, 'промах')
    await a.page.keyboard.press('?')
    await a.by('shortcuts').waitFor()
    await settle(a)
    await a.page.keyboard.press('7')
    await a.shot('keys')
    await a.page.keyboard.press('Escape')
    await lastMark(a, 'промах')
  }],
  ['every screen shows all of it at the first look', async () => {
    for (const [name, size] of Object.entries(SCREENS)) {
      await a.page.setViewportSize(size)
      await settle(a)
      await a.shot(`six-${name}`)
      await fits(a)
    }
    await a.page.setViewportSize(PHONE)
    await a.page.evaluate(() => localStorage.setItem('artel.lang', 'en'))
    await open(a, six)
    await a.shot('six-english')
    await liesOnNothing(a)
    await a.page.evaluate(() => localStorage.setItem('artel.lang', 'ru'))
    await a.page.setViewportSize(SCREENS.laptop)
    await open(a, six)
    await light(a)
    await a.shot('six-laptop-light')
    await dark(a)
    await a.page.setViewportSize(PHONE)
  }],
  ['a frame of snooker says what is on, what is left and the break, without a link too; a match its score', async () => {
    const table = await openTable(a, { name: 'Снукер до двух', rules: snooker({ race_to: 2 }), friends: [b] })
    await play(table, [[ANNA, 'red']], { end: { reason: 'conceded', participant_id: table.ids[BORIS] } })
    const frame = await play(table, [[ANNA, 'red'], [ANNA, 'black']])
    await open(a, table)
    await a.by('match').filter({ hasText: '1 : 0' }).waitFor()
    await a.by('break').getByText('8', { exact: true }).waitFor()
    await a.by('ball-on').filter({ hasText: 'красный' }).waitFor()
    await a.context.setOffline(true)
    await a.by('banner').waitFor()
    await a.tap('ball-red')
    await a.by('ball-on').filter({ hasText: 'любой цветной' }).waitFor()
    await a.tap('ball-pink')
    await a.by('break').getByText('15', { exact: true }).waitFor()
    await a.by('points-left').getByText('осталось 131').waitFor()
    await a.shot('snooker')
    await a.context.setOffline(false)
    await a.by('pending').waitFor({ state: 'detached' })
    await a.by('break').getByText('15', { exact: true }).waitFor()
    await a.by('points-left').getByText('осталось 131').waitFor()
    for (const name of ['side', 'tablet']) {
      await a.page.setViewportSize(SCREENS[name])
      await settle(a)
      await a.shot(`snooker-${name}`)
      await fits(a)
    }
    await a.page.setViewportSize(PHONE)
    await a.post(`/games/${frame}/end`)
    const two = await openTable(a, { name: 'Двое на двое', rules: pyramid(), friends: [b], guests: OTHERS.slice(0, 2) })
    await play(two, [[ANNA, { type: 'pot_ball', color: 'white' }], [BORIS, { type: 'commit_foul' }]])
    await open(a, two)
    await a.shot('pyramid')
    await fits(a)
  }],
  ['ten players with names of 64 letters: one line each, the whole name on tap', async () => {
    await a.patch('/users/me', { display_name: LONG })
    const ten = await openTable(a, { name: 'Десять', rules: kolkhoz(), friends: [b], guests: OTHERS.map((name) => `${name} ${LONG}`.slice(0, 64)) })
    ten.ids[ANNA] = ten.order[0]
    await play(ten, [[ANNA, 'black'], [BORIS, 'pink']], { end: {} })
    await play(ten, [[ANNA, 'black'], [ANNA, 'black'], [BORIS, 'white'], [ANNA, 'yellow']])
    await open(a, ten)
    await becomes(() => a.by('player').count(), 10)
    const lines = () => a.by('player-name').evaluateAll((names) => names.map((name) => Math.round(name.getBoundingClientRect().height / parseFloat(getComputedStyle(name).lineHeight))))
    await becomes(async () => [...new Set(await lines())].join(), '1')
    await a.shot('ten')
    await a.by('player').nth(3).scrollIntoViewIfNeeded()
    await a.by('player').nth(3).click()
    await a.page.locator('.name.whole').waitFor()
    await a.shot('ten-whole')
    await liesOnNothing(a)
    for (const name of ['side', 'tablet-high', 'tablet', 'laptop']) {
      await a.page.setViewportSize(SCREENS[name])
      await settle(a)
      await a.shot(`ten-${name}`)
    }
    await a.page.setViewportSize(PHONE)
    await a.endGame()
    await a.by('result-view').waitFor()
    await a.by('transfer').first().waitFor()
    await a.page.screenshot({ path: path.join(out, 'ten-result.png'), fullPage: true })
    await liesOnNothing(a)
    await large(a, 200)
    await settle(a)
    await a.page.screenshot({ path: path.join(out, 'ten-result-200.png'), fullPage: true })
    await liesOnNothing(a)
  }],
  ['the sheet that orders players has one line for a name, and the whole of it on tap', async () => {
    const table = await openTable(a, { name: 'По порядку', rules: kolkhoz(), guests: [LONG, 'Константинопольский'] })
    await a.page.goto(`/s/${table.id}`)
    await a.by('start-manual').or(a.by('start-game')).first().click()
    const height = (n) => a.by('order').locator('.name').nth(n).evaluate((name) => name.getBoundingClientRect().height)
    const line = await height(0)
    for (const n of [1, 2]) await becomes(() => height(n), line)
    await a.by('order').locator('.name').nth(1).click()
    await a.page.locator('.order .name.whole').waitFor()
    same(await height(1) > line, true, 'the whole name')
    await a.shot('order-whole')
    await a.tap('close-sheet')
  }],
  ['text of twice the size lies on nothing', async () => {
    await open(a, six)
    await large(a, 200)
    await settle(a)
    await a.page.screenshot({ path: path.join(out, 'six-200.png'), fullPage: true })
    await liesOnNothing(a)
    await a.page.setViewportSize(SCREENS.laptop)
    await settle(a)
    await a.shot('six-200-laptop')
    await liesOnNothing(a)
    await a.page.setViewportSize(SCREENS.tablet)
    await settle(a)
    await liesOnNothing(a)
    await large(a, 100)
  }],
  ['whoever is removed, here or while away, is told so at once, and nothing of the table stays', async () => {
    const table = await openTable(a, { name: 'Без Бориса', rules: kolkhoz(), friends: [b], guests: OTHERS.slice(0, 1) })
    const place = `/sessions/${table.id}/participants`
    const kept = () => b.page.evaluate((id) => Object.entries(localStorage).filter((entry) => entry.join().includes(id)).map(([key]) => key).join(), table.id)
    const isOut = async () => {
      await b.by('not-member').getByText('Вас убрали').waitFor()
      same(await b.by('table').count(), 0)
      await becomes(kept, 'artel.seen.opened')
    }
    await play(table, [[BORIS, 'white']])
    await open(b, table)
    await becomes(async () => (await kept()).includes('evening'), true)
    await a.remove(`${place}/${table.ids[BORIS]}`)
    await isOut()
    await b.shot('removed')
    await b.page.reload()
    await isOut()
    await a.post(place, { user_id: b.user.id })
    await b.page.goto(`/join/${table.id}`)
    await b.tap('join-player')
    await b.by('table').waitFor()
    await becomes(async () => (await kept()).includes('evening'), true)
    await b.context.setOffline(true)
    await b.by('banner').waitFor()
    await b.tap('ball-white')
    await b.by('pending-points').waitFor()
    await a.remove(`${place}/${table.ids[BORIS]}`)
    await b.context.setOffline(false)
    await isOut()
  }],
]

/** All rows and the whole pad are on the screen, and nothing is wider than it. */
async function fits(player) {
  const wrong = () => player.page.evaluate(() => {
    const { innerWidth: width, innerHeight: height } = window
    const outside = (element) => {
      const { left, right, top, bottom } = element.getBoundingClientRect()
      return left < -1 || right > width + 1 || top < -1 || bottom > height + 1
    }
    const parts = [...document.querySelectorAll('[data-testid=player], [data-testid=pad] button, .undo, [data-testid=back]')]
    const list = document.querySelector('.players')
    return [...parts.filter(outside).map((element) => element.dataset.testid ?? element.className), ...(list.scrollHeight > list.clientHeight + 1 ? [`players ${list.scrollHeight} > ${list.clientHeight}`] : [])]
  })
  await becomes(async () => (await wrong()).join(), '')
}

/** No two pieces of text of one row lie on each other, and none leaves the page sideways. */
async function liesOnNothing(player) {
  await becomes(async () => (await overlaps(player.page)).join('; '), '')
  await becomes(() => player.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1), true, 'as wide as the screen')
}

await take(steps, { browser, out, problems })
