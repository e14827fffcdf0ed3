// A TV that waits: what it shows and when it asks, with the server stood in for.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { waitForEvening } from '../../static/display_feed.js'

const settle = async () => { for (let n = 0; n < 20; n += 1) await Promise.resolve() }

/** Answers the calls in order; `null` is a network that fails. */
function server(answers) {
  const asked = []
  globalThis.fetch = async (url, { method }) => {
    asked.push(`${method} ${url.replace('/api/v1/displays', '')}`)
    const answer = answers.shift()
    if (!answer) throw new TypeError('network')
    return { status: answer.status ?? 200, ok: !answer.status, json: async () => answer }
  }
  return asked
}

const waiting = (id, more = {}) => ({ id, code: 'ABC234', share_code: null, join_code: null, ...more })

test('a TV makes its code anew when it is over, waits out a server that is away, and stops once it was sent something', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const asked = server([waiting('a'), waiting('a'), { status: 404 }, waiting('b'), null, waiting('b', { share_code: 'S', join_code: 'J' })])
  const shown = []
  const sent = []
  waitForEvening({ show: (display) => shown.push(display?.id ?? null), sent: (what) => sent.push(what) })
  for (const wait of [0, 2000, 2000, 0, 2000, 5000, 5000]) {
    mock.timers.tick(wait)
    await settle()
  }
  mock.timers.reset()
  assert.deepEqual(asked, ['POST ', 'GET /a', 'GET /a', 'POST ', 'GET /b', 'GET /b'])
  assert.deepEqual(shown, ['a', 'a', null, 'b', null])
  assert.deepEqual(sent, [{ share: 'S', join: 'J' }])
})

test('a TV that was stopped shows nothing more', async () => {
  server([waiting('a')])
  const shown = []
  const stop = waitForEvening({ show: (display) => shown.push(display), sent: () => {} })
  stop()
  await settle()
  assert.deepEqual(shown, [])
})

test('the address of a TV needs no login; that of a phone that scanned it does', async () => {
  Object.assign(globalThis, { location: { pathname: '/tv', search: '' }, addEventListener() {} })
  const { needsLogin } = await import('../../static/early_login.js')
  const { parse } = await import('../../static/router.js')
  assert.deepEqual([needsLogin({ pathname: '/tv' }), needsLogin({ pathname: '/tv/' }), needsLogin({ pathname: '/tv/ABC234' }), needsLogin({ pathname: '/tvs' })], [false, false, true, true])
  assert.deepEqual(parse({ pathname: '/tv' }), { screen: 'tv' })
  assert.deepEqual(parse({ pathname: '/tv/abc234' }), { screen: 'send-to-tv', code: 'ABC234' })
})
