// client.js from a program: the same evening under Node.js and within a browser, while the server dies in between.
// `node client.mjs`, with BASE_URL, CHROMIUM and RESTART_CMD as for evening.mjs.
import assert from 'node:assert/strict'
import { execSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chromium } from 'playwright-core'
import WebSocket from 'ws'
import { Artel, ArtelError } from '../../static/client.js'

const base = process.env.BASE_URL
const rules = {
  game_type: 'kolkhoz', currency: 'RUB', point_price: 5000, order: 'manual',
  balls: [{ color: 'white', points: 1 }, { color: 'yellow', points: 2 }],
}
const password = 'correct horse'
const name = (who) => `${who}-${randomUUID().slice(0, 8)}`
const until = async (what, holds) => {
  for (let tries = 0; !holds(); tries += 1) {
    assert.ok(tries < 1500, `not in time: ${what}`)
    await new Promise((done) => setTimeout(done, 20))
  }
}

const anna = new Artel(base, { WebSocket })
await anna.register({ username: name('anna'), password })
const session = await anna.post('/sessions', { name: 'Friday', rules })
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] })
try {
  const page = await browser.newPage()
  await page.goto(base)
  const participant = await page.evaluate(async ({ username, password, code, id }) => {
    const { Artel } = await import('/client.js')
    const boris = new Artel(location.origin)
    await boris.register({ username, password })
    const { participant_id: participant } = await boris.join(code)
    window.heard = []
    window.boris = boris
    await boris.subscribe(id, { onEvent: ({ seq }) => window.heard.push(seq), onSnapshot: ({ seq }) => { window.start = seq } }).ready
    return participant
  }, { username: name('boris'), password, code: session.code, id: session.id })

  const heard = []
  let start = null
  const watch = anna.subscribe(session.id, { onEvent: (event) => heard.push(event.seq), onSnapshot: ({ seq }) => { start = seq } })
  await watch.ready
  const mine = session.participants[0].id
  await anna.command(session.id, { type: 'start_game', order: [mine, participant] })
  const pot = { type: 'pot_ball', participant_id: mine, color: 'white' }
  const id = randomUUID()
  const [once, again] = await Promise.all([anna.command(session.id, pot, { id }), anna.command(session.id, pot, { id })])
  assert.equal(once.seq, again.seq)
  assert.equal((await anna.command(session.id, pot, { id })).seq, once.seq, 'the same id once')
  await assert.rejects(anna.command(session.id, { ...pot, color: 'mauve' }), (error) => error instanceof ArtelError && error.code === 'unknown_ball')
  await assert.rejects(anna.subscribe(randomUUID()).ready, { code: 'not_found' })

  // What is asked for while the server dies is done once when it is back.
  const waiting = [anna.command(session.id, pot)]
  execSync(process.env.RESTART_CMD, { stdio: 'inherit' })
  waiting.push(anna.command(session.id, pot), anna.command(session.id, { ...pot, color: 'yellow' }))
  const fromThePage = await page.evaluate(({ id, participant }) => window.boris.command(id, { type: 'pot_ball', participant_id: participant, color: 'white' }), { id: session.id, participant })
  for (const ack of await Promise.all(waiting)) assert.ok(ack.events.length >= 1)
  assert.ok(fromThePage.seq)
  const { items, last_seq: last } = await anna.get(`/sessions/${session.id}/events?limit=200`)
  const balls = items.filter(({ type }) => type === 'game.ball_potted')
  assert.equal(balls.length, 5, 'each ball once')
  await until('all events under Node.js', () => heard.at(-1) === last)
  assert.deepEqual(heard, items.slice(start).map(({ seq }) => seq), 'each event once, in order')
  await page.waitForFunction((last) => window.heard.at(-1) === last, last)
  assert.deepEqual(await page.evaluate(() => [window.start, window.heard]).then(([start, seen]) => seen.map((seq, at) => seq - at - 1 - start).every((gap) => gap === 0)), true)

  const results = (await anna.post(`/games/${items.find(({ type }) => type === 'game.started').game_id}/end`)).results
  assert.equal(results.reduce((sum, { net }) => sum + net, 0), 0)
  await anna.logout()
  await assert.rejects(anna.get('/users/me'), { code: 'unauthenticated' })
  watch.close()
  console.log('client: an evening under Node.js and in the browser')
} finally {
  await browser.close()
}
