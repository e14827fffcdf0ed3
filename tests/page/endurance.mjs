// A board over the table and a strip over a stream that stay open while evening after evening is played: what they hold in
// memory must not grow. By hand, against the server at BASE_URL: MINUTES (2; less shows no slow leak), RATE (marks a second,
// 10; above 20 the server needs `--commands-per-second`). Says what was measured between games; exit code 1 where it grew.
import { newPlayer } from './player.mjs'
import { begin } from './steps.mjs'
import { account, kolkhoz, openTable, put } from './table_setup.mjs'

const { base, out, browser, problems, unique } = await begin('endurance')
const MINUTES = Number(process.env.MINUTES ?? 2)
const RATE = Number(process.env.RATE ?? 10)
const MARKS_A_GAME = 40
/** Games until caches are filled and code is compiled. */
const WARM_UP = 3
const SAMPLES = 20
/** What may be more at the end than after the warm-up: engines keep compiled code and statistics of it. */
const ALLOWED = { heapKb: (before) => before * 1.1 + 256, nodes: (before) => before * 1.05 + 20, listeners: (before) => before + 5 }
const COLORS = ['white', 'yellow', 'green', 'brown', 'blue', 'pink', 'black']
const names = ['Анна', 'Борис', 'Вера', 'Глеб', 'Дина', 'Егор']
const host = await newPlayer(browser, { base, out, name: names[0], problems })

let marks = 0
let nextAt = performance.now()

/** In its turn; what comes too fast for the server is asked for again. */
async function paced(work) {
  nextAt = Math.max(nextAt + 1000 / RATE, performance.now())
  await new Promise((go) => setTimeout(go, nextAt - performance.now()))
  for (;;) {
    try {
      marks += 1
      return await work()
    } catch (error) {
      marks -= 1
      if (!error.message.includes(': 429')) throw error
      await new Promise((go) => setTimeout(go, 1000))
    }
  }
}

async function playGame(table) {
  const game = await paced(() => host.post(`/sessions/${table.id}/games`, { order: table.order }))
  for (let n = 0; n < MARKS_A_GAME; n += 1) {
    const name = names[n % names.length]
    const made = await paced(() => put(table, game.id, name, n % 9 === 8 ? { type: 'commit_foul' } : COLORS[n % COLORS.length]))
    // Somebody tapped the wrong ball.
    if (n % 10 === 7) await paced(() => host.remove(`/games/${game.id}/events/${made.seq}`))
  }
  await paced(() => host.post(`/games/${game.id}/end`))
}

async function screen(name, viewport, path, isBetween) {
  const player = await newPlayer(browser, { base, out, name, problems, viewport, reducedMotion: 'no-preference' })
  await player.page.goto(path)
  const inspector = await player.context.newCDPSession(player.page)
  await inspector.send('HeapProfiler.enable')
  const measure = async () => {
    await inspector.send('HeapProfiler.collectGarbage')
    await inspector.send('HeapProfiler.collectGarbage')
    const { usedSize } = await inspector.send('Runtime.getHeapUsage')
    const { nodes, jsEventListeners: listeners } = await inspector.send('Memory.getDOMCounters')
    return { heapKb: Math.round(usedSize / 1024), nodes, listeners }
  }
  return { player, isBetween, measure, samples: [] }
}

const middle = (samples, what) => samples.map((sample) => sample[what]).sort((a, b) => a - b)[Math.floor(samples.length / 2)]

await account(host, base, `endurance-${unique}`)
const table = await openTable(host, { name: 'Долгий вечер', rules: kolkhoz(), guests: names.slice(1) })
const share = async (kind) => (await host.post(`/sessions/${table.id}/share`, { kind })).code
const screens = [
  await screen('board', { width: 1920, height: 1080 }, `/board/${await share('board')}`, (page, n) => page.getByTestId('board-totals').getByText(`Игра ${n}`, { exact: true }).waitFor()),
  await screen('overlay', { width: 1280, height: 200 }, `/overlay/${await share('overlay')}`, (page, n) => page.getByTestId('overlay').getByText(`Игра ${n}`, { exact: true }).waitFor()),
]
const ends = performance.now() + MINUTES * 60_000
let sampleAt = performance.now()
let games = 0
do {
  await playGame(table)
  games += 1
  const isLast = performance.now() > ends
  if (games < WARM_UP || (performance.now() < sampleAt && !isLast)) continue
  for (const { player, isBetween, measure, samples } of screens) {
    await isBetween(player.page, games)
    samples.push(await measure())
  }
  sampleAt = performance.now() + (MINUTES * 60_000) / SAMPLES
} while (performance.now() < ends || games < WARM_UP + 6)
const { seq } = await host.get(`/sessions/${table.id}`)
console.log(`${games} games, ${seq} events, ${RATE} marks a second asked for`)
for (const { player, samples } of screens) {
  await player.shot(player.name)
  for (const [what, most] of Object.entries(ALLOWED)) {
    const [before, after] = [middle(samples.slice(0, 3), what), middle(samples.slice(-3), what)]
    const grew = after > most(before)
    if (grew) problems.push(`${player.name}: ${what} grew`)
    console.log(`${grew ? 'FAILED' : 'ok    '}  ${player.name} ${what.padEnd(9)} ${before} after the warm-up, ${after} at the end (${samples.map((sample) => sample[what]).join(' ')})`)
  }
}
await browser.close()
if (problems.length) console.log(problems.join('\n'))
process.exit(problems.length ? 1 : 0)
