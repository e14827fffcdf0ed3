// A TV without a keyboard, and what an admin does to accounts: both are other people's phones seen from elsewhere.
// Against the server at BASE_URL with the operator ADMIN; prints one line per step, exit code 0 or 1. OUT and CHROMIUM as for evening.mjs.
import { newPlayer } from './player.mjs'
import { becomes, begin, same, take } from './steps.mjs'
import { account, kolkhoz, openTable, play } from './table_setup.mjs'

const { base, out, browser, problems, unique } = await begin('tv')
const [OPERATOR, SECRET] = process.env.ADMIN.split(':')
const player = (name, more = {}) => newPlayer(browser, { base, out, name, problems, ...more })
const anna = await player('Анна')
const tv = await player('tv', { viewport: { width: 1920, height: 1080 } })
const chief = await player('Шеф')
let evening
let next

const codeOf = async (at = 'tv-code') => (await tv.by(at).innerText()).replace(/[^A-Z0-9]/g, '').slice(-6)
const signIn = async (who, username, password) => {
  await who.page.goto('/signin')
  await who.by('username').fill(username)
  await who.by('password').fill(password)
  await who.tap('submit')
}

const steps = [
  ['a TV shows a code, and how to use it', async () => {
    await tv.page.goto('/tv')
    await tv.by('tv-code').waitFor()
    same((await codeOf()).length, 6)
    await tv.by('qr').waitFor()
    await tv.shot('tv-code')
    const code = await codeOf()
    same(new URL(await tv.by('qr').getAttribute('data-text')).pathname, `/tv/${code}`)
  }],
  ['a phone types it, and the TV shows the evening', async () => {
    await account(anna, base, `anna-${unique}`)
    evening = await openTable(anna, { name: 'Пятничный колхоз', rules: kolkhoz(), guests: ['Глеб'] })
    await anna.page.goto(`/s/${evening.id}`)
    await anna.tap('tv-open')
    await anna.by('tv-code-input').fill('zzzzzz')
    await anna.tap('tv-send')
    await anna.by('problem').getByText('ни на одном экране').waitFor()
    await anna.by('tv-code-input').fill((await codeOf()).toLowerCase())
    await anna.shot('tv-form')
    await anna.tap('tv-send')
    await anna.by('tv-done').waitFor()
    await tv.by('board').waitFor()
    await tv.by('board-join').waitFor()
    await play(evening, [['Анна', 'pink']])
    await tv.by('board-points').getByText('6', { exact: true }).waitFor()
  }],
  ['after a reload it shows the same', async () => {
    await tv.page.reload()
    await tv.by('board-points').getByText('6', { exact: true }).waitFor()
    same(new URL(tv.page.url()).pathname, '/tv')
  }],
  ['an evening that is over makes room for the next one', async () => {
    const { current_game: game } = await anna.get(`/sessions/${evening.id}`)
    await anna.post(`/games/${game.id}/end`)
    await anna.post(`/sessions/${evening.id}/complete`)
    await tv.by('tv-next').waitFor()
    await tv.shot('tv-next')
    next = await openTable(anna, { name: 'Ещё один', rules: kolkhoz(), guests: ['Глеб'] })
    await anna.page.goto(`/tv/${await codeOf('tv-next')}`)
    await anna.by('tv-session').filter({ hasText: 'Ещё один' }).waitFor()
    await anna.shot('tv-which')
    await anna.by('tv-session').filter({ hasText: 'Ещё один' }).click()
    await anna.by('tv-done').waitFor()
    await tv.by('board').getByText('Ещё один').waitFor()
    await tv.by('board-join').waitFor()
  }],
  ['what is taken back leaves a code', async () => {
    const { items } = await anna.get(`/sessions/${next.id}/shares`)
    for (const share of items) await anna.remove(`/sessions/${next.id}/shares/${share.id}`)
    await tv.by('tv-code').waitFor()
    await tv.page.reload()
    await tv.by('tv-code').waitFor()
  }],
  ['who scans a code and is signed out signs in first', async () => {
    const boris = await player('Борис')
    await account(boris, base, `boris-${unique}`)
    await boris.context.clearCookies()
    await boris.page.goto(`/tv/${await codeOf()}`)
    await boris.by('username').fill(`boris-${unique}`)
    await boris.by('password').fill('correct horse battery')
    await boris.tap('submit')
    await boris.by('tv-none').waitFor()
    await boris.context.close()
  }],
  ['without a server the TV waits, and has a code when it is back', async () => {
    await tv.context.setOffline(true)
    await tv.by('tv-wait').waitFor()
    await tv.context.setOffline(false)
    await tv.by('tv-code').waitFor()
  }],
  ['an admin disables an account, lets it in, gives it a role and a password', async () => {
    const vera = await player('Вера')
    await account(vera, base, `vera-${unique}`)
    await signIn(chief, OPERATOR, SECRET)
    await chief.by('lobby').waitFor()
    await chief.page.goto('/admin/users')
    await chief.by('users-search').fill(`vera-${unique}`)
    const line = chief.by('user-line')
    await line.locator('summary').click()
    const act = async (what) => {
      await chief.tap(`user-${what}`)
      await chief.tap(`user-${what}-yes`)
    }
    await act('disable')
    await line.getByText('отключён').waitFor()
    await chief.shot('admin-user-disabled')
    await signIn(vera, `vera-${unique}`, 'correct horse battery')
    await vera.by('problem').waitFor()
    await act('enable')
    await chief.by('user-disable').waitFor()
    await act('give_role')
    await line.getByText('админ', { exact: false }).first().waitFor()
    await becomes(async () => (await line.locator('.sub').first().innerText()).includes('админ'), true)
    await act('take_role')
    await becomes(async () => (await line.locator('.sub').first().innerText()).includes('админ'), false)
    await act('reset')
    const password = await chief.by('user-password').innerText()
    await chief.shot('admin-user')
    await signIn(vera, `vera-${unique}`, password)
    await vera.by('lobby').waitFor()
    await chief.by('users-search').fill(OPERATOR)
    await chief.by('user-line').locator('summary').filter({ hasText: OPERATOR }).first().click()
    await chief.by('user-own').waitFor()
  }],
]

await take(steps, { browser, out, problems })
