// Myself and others, as a person would use it, against the server at BASE_URL: statistics, leaders, friends, notifications,
// settings, groups. Prints one line per step, exit code 0 or 1. OUT and CHROMIUM as for evening.mjs.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { evening, login, register } from './people_data.mjs'
import { newPlayer } from './player.mjs'
import { becomes, begin, same, take } from './steps.mjs'

const { base, out, browser, problems, unique } = await begin('people')
const p = await newPlayer(browser, { base, out, name: 'Анна', problems })
const { page } = p
let anna, boris, viktor, grisha

/** The screen as it is on a phone in the dark, in the light, with large letters, and on a laptop: nothing is cut off. */
async function looks(name, { full = true } = {}) {
  const shot = (suffix) => page.screenshot({ path: path.join(out, `${name}${suffix}.png`), fullPage: full })
  const fits = async (what) => {
    const over = () => page.evaluate(() => [...document.querySelectorAll('#app *')].filter((it) => !it.closest('.hidden, svg, .dialog') && it.getBoundingClientRect().right > innerWidth + 1).map((it) => it.outerHTML.slice(0, 120)))
    await becomes(async () => (await over()).join(), '', `${name}${what}: wider than the screen`)
  }
  await page.waitForTimeout(150)
  await fits('')
  await shot('')
  await page.emulateMedia({ colorScheme: 'light' })
  await shot('-light')
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
  await page.waitForTimeout(100)
  await shot('-200')
  await fits(' at 200 %')
  await page.evaluate(() => (document.documentElement.style.fontSize = ''))
  await page.setViewportSize({ width: 1280, height: 800 })
  await page.waitForTimeout(100)
  await shot('-wide')
  await page.setViewportSize({ width: 360, height: 740 })
}
const tells = (testid, text) => p.by(testid).filter({ hasText: text }).first().waitFor()

const steps = [
  ['whoever has played nothing is told what to do, on each screen', async () => {
    await p.register(`anna-${unique}`)
    anna = await login(base, `anna-${unique}`)
    ;[boris, viktor, grisha] = await Promise.all([['boris', 'Борис'], ['viktor', 'Виктор'], ['grisha', 'Григорий Константинопольский']].map(([name, shown]) => register(base, `${name}-${unique}`, shown)))
    await p.tap('tab-stats')
    await tells('empty', 'Сыграйте первую игру')
    await p.tap('section-history')
    await tells('empty', 'Сыграйте первую игру')
    await p.tap('section-achievements')
    await p.by('award').first().waitFor()
    await p.tap('bell')
    await tells('empty', 'Уведомлений пока нет')
    await page.goto('/friends')
    await tells('empty', 'Друзей пока нет')
  }],
  ['the numbers of some evenings', async () => {
    const rack = (first, second) => [[first, 'white'], [first, 'yellow'], [second, 'blue'], [second], [first, 'pink'], [second, 'white']]
    for (const [name, lucky, other] of [['Пятничный колхоз', anna, boris], ['У Виктора', viktor, anna], ['Суббота', anna, viktor]]) {
      await evening(anna, [boris, viktor, grisha], name, 'kolkhoz', [rack(lucky, other), rack(other, grisha), [...rack(lucky, viktor), [lucky, 'black'], [boris]], rack(lucky, boris)])
    }
    await evening(anna, [boris], 'Один на один', 'americana', [Array.from({ length: 8 }, () => [anna, 'white'])])
    await page.goto('/stats')
    await p.by('money-chart').waitFor()
    await becomes(() => p.by('totals').locator('dd').first().innerText(), '13')
    await p.by('opponent').first().waitFor()
    await p.by('evening').first().waitFor()
    await looks('people-stats')
    await p.tap('as-table')
    await page.locator('.as-table td').first().waitFor()
    await p.by('money-by-month').click()
    await page.waitForFunction(() => document.querySelectorAll('.as-table tbody tr').length < 3)
    await p.by('stats-type-americana').click()
    await page.waitForFunction(() => document.querySelector('[data-testid=totals] dd').textContent === '1')
  }],
  ['leaders by wins and rating, and among friends', async () => {
    await p.tap('section-leaderboard')
    await p.by('leader').first().waitFor()
    await p.by('leaders-by-wins').click()
    await p.by('leader').first().waitFor()
    await page.getByLabel('Среди кого').selectOption('friends')
    await page.waitForFunction(() => document.querySelectorAll('[data-testid=leader]').length === 1)
    await becomes(() => p.by('leader').innerText().then((text) => text.includes('это вы')), true)
    await page.getByLabel('Среди кого').selectOption('all')
    await p.by('leaders-by-rating').click()
    await p.by('leader').nth(3).waitFor()
    await looks('people-leaders', { full: false })
  }],
  ['leaders of my club', async () => {
    const club = await anna.post('/clubs', { name: 'Клуб на Лесной' })
    const { items: [last] } = await anna.get(`/stats/users/${anna.id}/evenings?limit=1`)
    await anna.put(`/clubs/${club.id}/sessions/${last.session_id}`)
    await page.reload()
    await page.getByLabel('Среди кого').selectOption({ label: 'Клуб на Лесной' })
    await page.waitForFunction(() => document.querySelectorAll('[data-testid=leader]').length === 2)
  }],
  ['what can not be loaded says so, and is asked for again', async () => {
    await page.route('**/stats/leaderboard**', (route) => route.fulfill({ status: 503, contentType: 'application/json', body: '{"code":"overloaded"}' }))
    await page.getByLabel('Среди кого').selectOption('all')
    await p.by('problem').getByText('Сервер занят').waitFor()
    await p.shot('people-failed')
    await page.unroute('**/stats/leaderboard**')
    await p.tap('retry')
    await p.by('leader').first().waitFor()
  }],
  ['without a link it says so, and loads by itself when the link is back', async () => {
    await p.context.setOffline(true)
    await p.by('banner').waitFor()
    await p.tap('section-history')
    await p.by('retry').waitFor()
    await p.shot('people-offline')
    await p.context.setOffline(false)
    await p.by('played').first().waitFor()
    await p.tap('section-leaderboard')
    await p.by('leader').first().waitFor()
  }],
  ['games by day, won ones alone', async () => {
    await p.tap('section-history')
    await page.waitForFunction(() => document.querySelectorAll('[data-testid=played]').length === 13)
    await looks('people-history', { full: false })
    await p.by('outcome-won').click()
    await page.waitForFunction(() => [...document.querySelectorAll('[data-testid=played]')].every((it) => it.textContent.includes('победа')))
  }],
  ['awards: the earned ones first', async () => {
    await p.tap('section-achievements')
    await page.locator('[data-testid=award][data-earned=true]').first().waitFor()
    await looks('people-awards', { full: false })
  }],
  ['a friend is found, asked, and accepts; another one asks', async () => {
    await page.goto('/friends')
    await p.by('find-people').fill(`grisha-${unique}`)
    await p.tap('add-friend')
    await tells('found-one', 'заявка отправлена')
    await p.by('find-people').fill('')
    await p.by('asked').filter({ hasText: 'Григорий' }).waitFor()
    await boris.post('/friends/requests', { user_id: anna.id })
    await viktor.post('/friends/requests', { user_id: anna.id })
    await p.by('asking').filter({ hasText: 'Борис' }).waitFor()
    await looks('people-friends', { full: false })
    await p.by('asking').filter({ hasText: 'Борис' }).getByTestId('accept').click()
    await p.by('friend').filter({ hasText: 'Борис' }).waitFor()
    const { items: [request] } = await grisha.get('/friends/requests')
    await grisha.put(`/friends/requests/${request.id}/accept`)
    await p.by('friend').filter({ hasText: 'Григорий' }).waitFor()
  }],
  ['the bell says how much is new; what is asked is answered there', async () => {
    const table = await boris.post('/sessions', { name: 'Новый стол', template_id: (await boris.get('/templates?limit=1')).items[0].id })
    await boris.post(`/friends/${anna.id}/invite`, { session_id: table.id })
    await page.goto('/')
    await p.by('bell-badge').waitFor()
    await p.shot('people-bell')
    await p.tap('bell')
    const notice = (kind) => page.locator(`[data-testid=notice][data-kind=${kind}]`)
    await notice('session_invitation').filter({ hasText: 'Борис зовёт вас: Новый стол' }).waitFor()
    await looks('people-notices', { full: false })
    await notice('friend_request').filter({ hasText: 'Виктор' }).getByTestId('notice-accept').click()
    await notice('session_invitation').getByTestId('notice-refuse').click()
    // What is told after it would be unread again.
    await notice('friend_accepted').filter({ hasText: 'Григорий' }).waitFor()
    // The screen says so before the server has heard it, and a reload may take it back.
    await Promise.all([page.waitForResponse((answer) => answer.url().endsWith('/read-all') && answer.ok()), p.tap('read-all')])
    await p.by('read-all').waitFor({ state: 'detached' })
    await page.reload()
    await p.by('notice').first().waitFor()
    await becomes(() => page.locator('[data-testid=notice][data-read=false]').count(), 0)
    await becomes(() => p.by('friend').count(), 0)
  }],
  ['another player: numbers, an invitation to my table, an end of friendship that asks', async () => {
    await anna.post('/sessions', { name: 'Воскресенье', template_id: (await anna.get('/templates?limit=1')).items[0].id })
    await page.goto(`/users/${viktor.id}`)
    await p.by('relation').getByText('друг', { exact: true }).waitFor()
    await p.tap('invite')
    await p.by('invited').waitFor()
    await p.by('money-chart').waitFor()
    await looks('people-person', { full: false })
    await p.tap('unfriend')
    await p.tap('unfriend-yes')
    await p.by('add-friend').waitFor()
    await p.tap('block')
    await p.tap('block-yes')
    await p.by('unblock').first().waitFor()
    await page.goto('/friends')
    await p.by('blocked').click()
    await p.tap('unblock')
    await p.by('blocked').waitFor({ state: 'detached' })
  }],
  ['friends are invited from the table', async () => {
    await page.goto('/')
    await p.tap('running')
    await p.by('invite-friends').locator('summary').click()
    await p.by('invitable').filter({ hasText: 'Борис' }).getByTestId('invite-friend').click()
    await p.by('seat').filter({ hasText: 'Борис' }).waitFor()
    await p.by('invite-friends').scrollIntoViewIfNeeded()
    await p.shot('people-invite-friends')
  }],
  ['a group of friends: made, talked in, found again by its words, changed', async () => {
    await page.goto('/chats')
    await p.tap('write')
    await p.tap('new-group')
    await p.by('group-name').fill('Пятничные')
    await p.by('friend-tick').filter({ hasText: 'Борис' }).click()
    await p.shot('people-group-new')
    await p.tap('make-group')
    await p.by('chat-view').waitFor()
    const id = new URL(page.url()).pathname.split('/').at(-1)
    await p.by('chat-input').fill('Стол на восемь вечера, кто берёт мел?')
    await p.by('chat-input').press('Enter')
    await page.locator('[data-testid=message][data-state=sent], [data-testid=message][data-state=delivered]').waitFor()
    await boris.post(`/chats/${id}/messages`, { content: 'Мел беру я' })
    await p.by('words').getByText('Мел беру я').waitFor()
    await p.tap('chat-about')
    await p.by('member').nth(1).waitFor()
    await p.tap('bring')
    await p.by('friend-tick').filter({ hasText: 'Григорий' }).click()
    await p.tap('bring-yes')
    await p.by('member').nth(2).waitFor()
    await page.waitForTimeout(200)
    await p.shot('people-group')
    await p.by('member').filter({ hasText: 'Григорий' }).getByTestId('remove-member').click()
    await p.tap('remove-member-yes')
    await p.by('member').nth(2).waitFor({ state: 'detached' })
    await p.tap('close-sheet')
    await p.tap('back')
    await p.by('find-messages').fill('мел')
    await p.by('found-message').nth(1).waitFor()
    await looks('people-search', { full: false })
    await p.by('find-messages').fill('слона')
    await tells('empty', 'Таких сообщений нет')
    await p.by('find-messages').fill('беру')
    await p.by('found-message').filter({ hasText: 'Борис' }).click()
    await p.by('chat-view').waitFor()
    await p.tap('chat-about')
    await p.tap('leave-group')
    await p.tap('leave-group-yes')
    await p.by('chats').waitFor()
  }],
  ['myself, devices, what to be told of', async () => {
    await p.tap('tab-me')
    await p.by('to-friends').waitFor()
    await looks('people-me', { full: false })
    await p.tap('to-devices')
    await p.by('device').nth(1).waitFor()
    await looks('people-devices', { full: false })
    await p.by('end-login').first().click()
    await p.by('end-login-yes').click()
    await page.waitForFunction(() => document.querySelectorAll('[data-testid=device]').length === 1)
    anna = await login(base, `anna-${unique}`)
    await p.tap('back')
    await p.tap('to-notice-settings')
    await p.by('kind-payment_marked').waitFor()
    await looks('people-notice-settings', { full: false })
    await p.by('kind-payment_marked').click()
    await p.by('hide-presence').click()
    await page.reload()
    await p.by('kind-payment_marked').waitFor()
    await becomes(() => p.by('kind-payment_marked').isChecked(), false)
    await becomes(() => p.by('hide-presence').isChecked(), true)
  }],
  ['the same in English', async () => {
    await page.goto('/me')
    await p.by('lang-en').click()
    for (const [place, ready] of [['/stats', 'opponent'], ['/leaderboard', 'leader'], ['/achievements', 'award'], ['/notifications', 'notice'], ['/me', 'to-friends'], ['/me/data', 'export']]) {
      await page.goto(place)
      await p.by(ready).first().waitFor()
      const text = async () => {
        // Among the leaders is whoever has played on this server.
        const leaders = await p.by('leader').locator('.name').allInnerTexts()
        const all = leaders.reduce((rest, name) => rest.replaceAll(name, ''), await page.locator('#app').innerText())
        return all.replace(/Анна|Борис|Виктор|Григорий|Константинопольский|Один на один|Суббота|У Виктора|Пятничный колхоз|Новый стол|Воскресенье|Клуб на Лесной|Русский|\b[А-ЯA-Z]\b/g, '')
      }
      await becomes(async () => (await text()).split('\n').filter((it) => /[а-яё]{2}/i.test(it)).join(), '', place)
      await p.shot(`people-en${place.replaceAll('/', '-')}`)
    }
    await p.tap('tab-me')
    await p.by('lang-ru').click()
  }],
  ['a password is changed only by whoever knows the present one', async () => {
    await page.goto('/me/password')
    await p.by('password-current_password').fill('something wrong')
    await p.by('password-password').fill('correct horse battery 2')
    await p.tap('save-password')
    await p.by('problem').getByText('Пароль не тот').waitFor()
    await looks('people-password', { full: false })
    await p.by('password-current_password').fill('correct horse battery')
    await p.tap('save-password')
    await p.by('password-done').waitFor()
  }],
  ['all that is kept is a file; deleting says what stays, and asks', async () => {
    await page.goto('/me/data')
    const [download] = await Promise.all([page.waitForEvent('download'), p.tap('export')])
    same(JSON.parse(readFileSync(await download.path(), 'utf8')).user.username, `anna-${unique}`)
    await looks('people-data', { full: false })
    await p.by('delete-password').fill('not this one')
    await p.tap('delete-account')
    await p.tap('delete-account-yes')
    await p.by('problem').getByText('Пароль не тот').waitFor()
  }],
  ['the end of an account', async () => {
    await p.by('delete-password').fill('correct horse battery 2')
    if (await p.by('delete-account-yes').count() === 0) await p.tap('delete-account')
    await p.tap('delete-account-yes')
    await p.by('welcome').waitFor()
  }],
]

await take(steps, { browser, out, problems })
