// How long it takes until the table is there, over slow 4G with a four times slower processor, and what is loaded for it and
// after it: a first visit, and a second one when the service worker has what it keeps. A benchmark against the server at BASE_URL:
// fails only where nothing comes. What is loaded is held to its bounds by `budget.mjs`.
import { chromium } from 'playwright-core'
import { aTable, signedIn, visit, worked } from './visits.mjs'

const base = process.env.BASE_URL ?? 'http://127.0.0.1:8080'
const ROUNDS = Number(process.env.ROUNDS ?? 3)

const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
const kB = (bytes) => (bytes / 1000).toFixed(0)
const say = (what, visits) => {
  const [seconds, ...loaded] = [({ ms }) => ms / 1000, ({ until }) => until.requests, ({ until }) => until.bytes, ({ after }) => after.requests, ({ after }) => after.bytes].map((of) => middle(visits.map(of)))
  console.log(`| ${what} | ${seconds.toFixed(2)} s | ${loaded[0]}, ${kB(loaded[1])} kB | ${loaded[2]}, ${kB(loaded[3])} kB |`)
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: ['--headless', '--no-sandbox', '--disable-gpu'] })
const first = []
const second = []
for (let round = 0; round < ROUNDS; round += 1) {
  const table = await aTable(base)
  const page = await signedIn(browser, base, table, { slow: true })
  first.push(await visit(page, table.path))
  await worked(page)
  second.push(await visit(page, table.path))
  await page.context().close()
}
console.log('| visit | until the table | loaded for it | loaded after it |\n| --- | --- | --- | --- |')
say('first', first)
say('second', second)
if (process.env.NAMES) console.log(first[0].until.names.join('\n'), '\n', first[0].after.names.join('\n'), '\n---\n', second[0].until.names.join('\n'))
await browser.close()
