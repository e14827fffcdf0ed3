// What a table costs: few requests and few bytes on a first visit; on a second one it is there before the network answers.
// Against the server at BASE_URL; prints one line per step, exit code 0 or 1. How long it takes is for `speed.mjs`.
import { begin, becomes, same, take } from './steps.mjs'
import { aTable, signedIn, visit, worked } from './visits.mjs'

const REQUESTS_MAX = 12
const BYTES_MAX = 90_000

const { base, out, browser, problems } = await begin('budget')
const table = await aTable(base)
const id = table.path.split('/').at(-1)
const page = await signedIn(browser, base, table)
const points = () => page.getByTestId('player').first().getByTestId('points').innerText()

const steps = [
  ['a first visit loads little until the table is there', async () => {
    const { until } = await visit(page, table.path)
    same(until.requests > 5 && until.requests <= REQUESTS_MAX, true, `${until.requests} requests: ${until.names.join(', ')}`)
    same(until.bytes > 10_000 && until.bytes <= BYTES_MAX, true, `${until.bytes} bytes: ${until.names.join(', ')}`)
    return `${until.requests} requests, ${Math.round(until.bytes / 1000)} kB`
  }],
  ['what opens over the table was loaded behind it', async () => {
    await page.context().setOffline(true)
    await page.getByTestId('more-button').click()
    await page.getByTestId('open-log').click()
    await page.getByTestId('close-sheet').click()
    await page.context().setOffline(false)
  }],
  ['a second visit shows the table as it was, without a network', async () => {
    await worked(page)
    await table.pot()
    await becomes(points, '1')
    // Kept a moment after it came.
    await becomes(() => page.evaluate((key) => JSON.parse(localStorage.getItem(key))?.value.state.session.current_game.scores.some(({ points }) => points === 1), `artel.seen.evening.${id}`), true)
    await page.context().setOffline(true)
    await page.reload()
    await page.getByTestId('table').waitFor()
    await becomes(points, '1')
    await page.getByTestId('last-mark').waitFor()
    await page.getByTestId('banner').waitFor()
    await page.screenshot({ path: `${out}/kept.png` })
  }],
  ['and goes on with what came meanwhile', async () => {
    await table.pot()
    await page.context().setOffline(false)
    await becomes(points, '2')
    await page.getByTestId('banner').waitFor({ state: 'detached' })
  }],
  ['who signs out leaves nothing', async () => {
    await page.goto('/me')
    await page.getByTestId('logout').click()
    await page.getByTestId('welcome').waitFor()
    same(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('artel.seen.')).join()), '')
  }],
]

await take(steps, { browser, out, problems })
