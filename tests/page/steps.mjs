// What every script in a browser begins and ends with: a browser, a place for its screenshots, and steps one after another,
// each a line; the first that fails ends it, with exit code 1.
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { chromium } from 'playwright-core'
import { TIMEOUT } from './player.mjs'

const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** `problems`: what pages complain of; a step after which there is one has failed. */
export async function begin(name, { args = [] } = {}) {
  const base = process.env.BASE_URL ?? 'http://127.0.0.1:8080'
  const out = process.env.OUT ?? mkdtempSync(path.join(tmpdir(), `artel-${name}-`))
  mkdirSync(out, { recursive: true })
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: [...ARGS, ...args] })
  return { base, out, browser, problems: [], unique: Date.now().toString(36) }
}

export function same(actual, expected, what = '') {
  if (actual !== expected) throw new Error(`${what} expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
}

/** Waits until what `read` reads of a page is what is expected: a screen comes in parts, and moves to its place. */
export async function becomes(read, expected, what = '') {
  const deadline = Date.now() + TIMEOUT
  for (;;) {
    try {
      return same(await read(), expected, what)
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
    await new Promise((soon) => setTimeout(soon, 50))
  }
}

/** Takes the steps, `[what, step]`; a step answers what is to be said with it. Ends the process. */
export async function take(steps, { browser, out, problems }) {
  let failed = false
  for (const [what, step] of steps) {
    try {
      const note = await step()
      if (problems.length) throw new Error(problems.join('\n'))
      console.log(`ok      ${what}${note ? ` (${note})` : ''}`)
    } catch (error) {
      failed = true
      console.log(`FAILED  ${what}\n${error.stack}\n${problems.join('\n')}`)
      for (const [at, context] of browser.contexts().entries()) await context.pages()[0]?.screenshot({ path: path.join(out, `failed-${at}.png`) }).catch(() => {})
      if (!process.env.GO_ON) break
    }
  }
  await browser.close()
  console.log(`${failed ? 'FAILED' : 'passed'} within ${TIMEOUT} ms a step; screenshots: ${out}`)
  process.exit(failed ? 1 : 0)
}
