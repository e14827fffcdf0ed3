// Two phones talk at one table against the server at BASE_URL, over a cut in the middle of it; prints one line per step,
// exit code 0 or 1. OUT, CHROMIUM and RESTART_CMD as for evening.mjs.
import { execSync } from 'node:child_process'
import { newPlayer } from './player.mjs'
import { becomes, begin, same, take } from './steps.mjs'

const { base, out, browser, problems, unique } = await begin('chat')
const HOSTILE = '<img src=x onerror=alert(1)> & <b>жирно</b>'
const BORIS = 'Борис'
const a = await newPlayer(browser, { base, out, name: 'Анна', problems })
const b = await newPlayer(browser, { base, out, name: BORIS, problems })

const say = async (player, text) => {
  await player.by('chat-input').fill(text)
  await player.by('chat-input').press('Enter')
}
const line = (player, text) => player.by('message').filter({ has: player.page.getByTestId('words').getByText(text, { exact: true }) })
const words = (player) => player.by('words').allInnerTexts()
// By its words alone: `номер 10` said at 00:41 reads like `номер 100`.
const reaches = (player, text, state) => player.page.locator(`[data-testid=message][data-state=${state}]`).filter({ has: player.page.getByTestId('words').getByText(text, { exact: true }) }).waitFor()
const openActions = async (player, text) => line(player, text).getByTestId('message-actions').click()
const both = (work) => Promise.all([a, b].map(work))

const steps = [
  ['two players sit at a table', async () => {
    await a.register(`anna-${unique}`)
    await b.register(`boris-${unique}`)
    await a.create('Пятница')
    const code = await a.by('code').innerText()
    await b.page.goto(`/join/${code}`)
    await b.tap('join-player')
    await both((player) => player.by('waiting').waitFor())
  }],
  ['what is said before the other looks is a badge there, and is delivered, not read', async () => {
    await a.tap('chat-button')
    await a.by('chat-empty').waitFor()
    await say(a, 'Привет, Борис!')
    await say(a, HOSTILE)
    await b.by('chat-button').getByTestId('unread').getByText('2', { exact: true }).waitFor()
    await reaches(a, 'Привет, Борис!', 'delivered')
    await b.shot('chat-badge')
  }],
  ['it is read where it is seen; hostile text is text', async () => {
    await b.tap('chat-button')
    await line(b, HOSTILE).waitFor()
    await reaches(a, HOSTILE, 'read')
    await reaches(a, 'Привет, Борис!', 'read')
    await becomes(() => b.page.locator('.says img, .says b:not(.name)').count(), 0)
    await b.tap('close-sheet')
    await becomes(() => b.by('unread').count(), 0)
    await becomes(() => b.page.evaluate(() => document.activeElement.dataset.testid), 'chat-button', 'the keyboard is where it was')
    await b.tap('chat-button')
  }],
  ['a screen reader hears what comes, and finds its way', async () => {
    const { page } = b
    await page.getByRole('dialog', { name: 'Чат' }).waitFor()
    const log = page.getByRole('log', { name: 'Сообщения' })
    await page.waitForFunction(() => document.querySelector('[role=log]').getAttribute('aria-live') === 'polite')
    await becomes(() => log.getByRole('listitem').count(), await log.locator('li').count())
    await page.getByRole('textbox', { name: 'Сообщение' }).waitFor()
    await a.page.getByRole('button', { name: 'Действия с сообщением «Привет, Борис!»' }).waitFor()
    await a.page.getByRole('button', { name: 'Отправить' }).waitFor()
    await becomes(async () => (await line(a, 'Привет, Борис!').innerText()).includes('прочитано'), true, 'ticks have words')
    await line(b, 'Привет, Борис!').getByTestId('sender').getByText('Анна', { exact: true }).waitFor()
  }],
  ['one sees that the other writes', async () => {
    await b.by('chat-input').pressSequentially('Я ду')
    await a.by('typing').getByText('Борис печатает…').waitFor()
    await b.by('chat-input').fill('')
    await a.shot('chat-typing')
  }],
  ['a new line is no end; the keyboard alone edits the last own message, and the other sees it', async () => {
    await b.by('chat-input').fill('Раз')
    await b.by('chat-input').press('Shift+Enter')
    await b.by('chat-input').pressSequentially('два')
    await b.by('chat-input').press('Enter')
    await line(a, 'Раз два').waitFor()
    await b.by('chat-input').press('ArrowUp')
    await b.by('edit-cancel').waitFor()
    await b.by('chat-input').fill('Раз, два, три')
    await b.by('chat-input').press('Enter')
    await line(a, 'Раз, два, три').getByTestId('edited').waitFor()
    await line(b, 'Раз, два, три').getByTestId('edited').waitFor()
  }],
  ['what is deleted is a gap for both, and says nothing', async () => {
    await say(b, 'лишнее')
    await line(a, 'лишнее').waitFor()
    await reaches(b, 'лишнее', 'read')
    await openActions(b, 'лишнее')
    await b.shot('chat-actions')
    await b.tap('message-delete')
    await b.tap('message-delete-yes')
    await both((player) => line(player, 'Сообщение удалено').waitFor())
    await both((player) => becomes(() => line(player, 'лишнее').count(), 0))
  }],
  ['over a cut both write: all of it is there once, in order, and is read', async () => {
    await b.context.setOffline(true)
    await b.by('banner').waitFor()
    await say(b, 'без связи 1')
    await say(b, 'без связи 2')
    await reaches(b, 'без связи 2', 'pending')
    await say(a, 'пока тебя нет 1')
    await say(a, 'пока тебя нет 2')
    await reaches(a, 'пока тебя нет 2', 'sent')
    await openActions(b, 'без связи 2')
    await b.tap('message-edit')
    await becomes(() => b.by('chat-input').inputValue(), 'без связи 2')
    await b.by('chat-input').fill('без связи 2, исправлено')
    await b.by('chat-input').press('Enter')
    await b.shot('chat-offline')
    await b.context.setOffline(false)
    await b.by('banner').waitFor({ state: 'detached' })
    const expected = ['пока тебя нет 1', 'пока тебя нет 2', 'без связи 1', 'без связи 2, исправлено']
    for (const text of expected) await both((player) => line(player, text).waitFor())
    await reaches(a, 'пока тебя нет 2', 'read')
    await reaches(b, 'без связи 2, исправлено', 'read')
    await both((player) => becomes(async () => (await words(player)).slice(-4).join('|'), expected.join('|')))
  }],
  ['what is corrected while it goes out is one message, corrected', async () => {
    await b.context.setOffline(true)
    await b.by('banner').waitFor()
    await say(b, 'с опичаткой')
    await reaches(b, 'с опичаткой', 'pending')
    await openActions(b, 'с опичаткой')
    await b.tap('message-edit')
    await becomes(() => b.by('chat-input').inputValue(), 'с опичаткой')
    await b.by('chat-input').fill('без опечатки')
    await b.context.setOffline(false)
    await line(a, 'с опичаткой').waitFor()
    await reaches(b, 'с опичаткой', 'read')
    await b.by('edit-cancel').waitFor()
    await becomes(() => b.by('chat-input').inputValue(), 'без опечатки')
    const count = (await words(a)).length
    await b.by('chat-input').press('Enter')
    await both((player) => line(player, 'без опечатки').getByTestId('edited').waitFor())
    await both((player) => becomes(() => line(player, 'с опичаткой').count(), 0))
    await both((player) => becomes(async () => (await words(player)).length, count))
  }],
  ['what waits on the phone survives a reload', async () => {
    await b.context.setOffline(true)
    await b.by('banner').waitFor()
    await say(b, 'до перезагрузки')
    await reaches(b, 'до перезагрузки', 'pending')
    await b.context.setOffline(false)
    await b.page.reload()
    await line(a, 'до перезагрузки').waitFor()
    await b.tap('chat-button')
    await reaches(b, 'до перезагрузки', 'read')
    await becomes(() => line(b, 'до перезагрузки').count(), 1)
  }],
  ['a restart of the server loses and doubles nothing', async () => {
    if (!process.env.RESTART_CMD) return 'skipped: no RESTART_CMD'
    await say(a, 'перед самым концом')
    execSync(process.env.RESTART_CMD, { stdio: 'ignore' })
    await say(a, 'после')
    for (const text of ['перед самым концом', 'после']) {
      await reaches(a, text, 'read')
      await both((player) => becomes(() => line(player, text).count(), 1))
    }
  }],
  ['a hundred messages are loaded as one scrolls up', async () => {
    await b.tap('close-sheet')
    await a.page.evaluate(async ({ login, chat }) => {
      const post = async (address, body, token, key) => (await fetch(address, { method: 'POST', headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...(key && { 'idempotency-key': key }) }, body: JSON.stringify(body) })).json()
      const { access_token: token } = await post('/api/v1/auth/login', login)
      for (let n = 1; n <= 100; n += 1) {
        const key = crypto.randomUUID()
        let answer = await post(`/api/v1/chats/${chat}/messages`, { content: `номер ${n}.` }, token, key)
        while (answer.code === 'rate_limited') {
          await new Promise((done) => setTimeout(done, 250))
          answer = await post(`/api/v1/chats/${chat}/messages`, { content: `номер ${n}.` }, token, key)
        }
      }
    }, { login: { username: `anna-${unique}`, password: 'correct horse battery' }, chat: await a.by('conversation').getAttribute('data-chat') })
    await line(a, 'номер 100.').waitFor()
    await b.by('chat-button').getByTestId('unread').getByText('99+', { exact: true }).waitFor()
    await b.page.reload()
    await b.by('chat-button').getByTestId('unread').getByText('99+', { exact: true }).waitFor()
    await b.tap('chat-button')
    await b.by('message').first().waitFor()
    await b.page.waitForFunction(() => {
      const log = document.querySelector('[data-testid=chat-log]')
      log.scrollTop = 0
      return [...document.querySelectorAll('[data-testid=words]')].some((it) => it.textContent === 'Привет, Борис!')
    })
    const numbers = await b.by('message').evaluateAll((lines) => lines.map((it) => Number(it.dataset.number)))
    same(numbers.every((number, at) => number === at + 1), true, 'without gaps')
    await b.tap('to-end')
    await reaches(a, 'номер 100.', 'read')
  }],
  ['four thousand characters are counted as a person counts them, and more are not sent', async () => {
    await a.by('chat-input').fill('👨‍👩‍👧‍👦'.repeat(4001))
    await a.by('chars-left').getByText('Лишний 1 знак', { exact: true }).waitFor()
    await becomes(() => a.by('chat-send').isDisabled(), true)
    await a.by('chat-input').fill('👨‍👩‍👧‍👦'.repeat(4000))
    await a.by('chars-left').getByText('Осталось 0 знаков', { exact: true }).waitFor()
    await a.tap('chat-send')
    await b.page.waitForFunction(() => [...document.querySelectorAll('[data-testid=words]')].some((it) => it.textContent.length === 4000 * 11))
    await a.page.waitForFunction(() => [...document.querySelectorAll('[data-testid=message]')].at(-1).dataset.state === 'read')
  }],
  ['the chat stays open when the game begins', async () => {
    await b.by('chat-input').fill('недописано')
    await a.tap('close-sheet')
    await a.startGame()
    await b.page.waitForFunction(() => document.querySelector('[data-testid=table]'))
    await becomes(() => b.by('chat-input').inputValue(), 'недописано')
    await b.by('chat-input').fill('')
    await b.by('chat-input').press('Escape')
    await b.by('chat-sheet').waitFor({ state: 'detached' })
    await b.shot('chat-table')
  }],
  ['two users talk beside the table', async () => {
    await a.page.goto('/chats')
    await a.by('chat-line').filter({ hasText: 'Пятница' }).waitFor()
    await a.tap('write')
    await a.by('write-query').fill(`boris-${unique}`)
    await a.by('person').filter({ hasText: BORIS }).first().click()
    await a.by('chat-view').waitFor()
    await say(a, 'Между нами')
    await b.page.goto('/chats')
    await b.by('unread-all').getByText('1', { exact: true }).waitFor()
    await b.shot('chats')
    await b.by('chat-line').filter({ hasText: 'Между нами' }).click()
    await reaches(a, 'Между нами', 'read')
    await say(b, 'Понял')
    await line(a, 'Понял').waitFor()
    await b.by('back').click()
    await b.by('chat-line').filter({ hasText: 'Вы: Понял' }).waitFor()
    await becomes(() => b.by('unread-all').count(), 0)
  }],
  ['what is refused says why, in the words of the page, and can be let go', async () => {
    await b.page.evaluate(async ({ login, name }) => {
      const { access_token: token, user } = await (await fetch('/api/v1/auth/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(login) })).json()
      const headers = { authorization: `Bearer ${token}` }
      const { items } = await (await fetch(`/api/v1/users?query=${name}`, { headers })).json()
      const answer = await fetch(`/api/v1/friends/${items[0].id}/block`, { method: 'PUT', headers })
      if (!answer.ok || items[0].id === user.id) throw new Error(`not blocked: ${answer.status}`)
    }, { login: { username: `boris-${unique}`, password: 'correct horse battery' }, name: `anna-${unique}` })
    await say(a, 'Эй!')
    await a.by('message-refused').getByText('Вы не можете писать друг другу').waitFor()
    await a.shot('chat-refused')
    await a.page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
    await becomes(() => a.page.evaluate(() => [...document.querySelectorAll('.talk button')].filter((it) => {
      const { left, right } = it.getBoundingClientRect()
      return left < 0 || right > innerWidth
    }).map((it) => it.dataset.testid).join()), '', 'at 200 % no button is beside the screen')
    await a.shot('chat-refused-200')
    await a.page.evaluate(() => (document.documentElement.style.fontSize = ''))
    await a.tap('message-drop')
    await line(a, 'Эй!').waitFor({ state: 'detached' })
  }],
  ['where there is room, the chat is beside the score', async () => {
    await a.page.setViewportSize({ width: 1440, height: 900 })
    await a.page.goto('/')
    await a.tap('running')
    await a.by('table').waitFor()
    await a.by('chat-pane').getByTestId('chat-input').fill('рядом')
    await a.by('chat-input').press('Enter')
    await reaches(a, 'рядом', 'delivered')
    await a.shot('chat-beside')
  }],
  ['who leaves the table reads what was said, and says no more', async () => {
    await b.page.goto('/')
    await b.tap('running')
    await b.tap('people-button')
    await b.tap('leave')
    await b.tap('leave-yes')
    await b.by('lobby').waitFor()
    await say(a, 'без Бориса')
    await reaches(a, 'без Бориса', 'sent')
    await b.tap('tab-chats')
    await b.by('chat-line').filter({ hasText: 'Пятница' }).click()
    await b.by('chat-over').waitFor()
    await line(b, 'рядом').waitFor()
    await becomes(() => line(b, 'без Бориса').count(), 0)
  }],
]

await take(steps, { browser, out, problems })
