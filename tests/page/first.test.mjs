// The first minute in pure parts: addresses that phones reach, codes, one tab at a time, who sits a game out.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLocal, lanCommand, phoneOrigin } from '../../static/address.js'
import { leased } from '../../static/exclusive.js'
import { absence } from '../../static/game_view.js'
import { scanned, typed } from '../../static/join_code.js'

globalThis.location ??= { pathname: '/', search: '' }
globalThis.addEventListener ??= () => {}
const { parse } = await import('../../static/router.js')

test('links are made of an address that phones can open, or there are none', () => {
  for (const local of ['http://localhost:8080', 'http://127.0.0.1:8080', 'http://127.8.8.8', 'http://[::1]:8080', 'http://artel.localhost', 'http://0.0.0.0:8080']) {
    assert.equal(isLocal(local), true, local)
    assert.equal(phoneOrigin(local, { public_url: null, reachable_urls: [] }), null)
    assert.equal(phoneOrigin(local, null), null)
    assert.equal(phoneOrigin(local, { public_url: local, reachable_urls: ['http://10.0.0.5:8080'] }), 'http://10.0.0.5:8080')
    assert.equal(phoneOrigin(local, { public_url: 'https://club.example/', reachable_urls: [] }), 'https://club.example')
  }
  for (const open of ['http://192.168.1.5:8080', 'https://club.example', 'http://localhost.example']) {
    assert.equal(phoneOrigin(open, { public_url: 'http://10.0.0.5:8080', reachable_urls: [] }), open)
  }
})

test('what to start instead keeps the port that the server has', () => {
  assert.equal(lanCommand('http://localhost:8080'), 'artel serve --lan')
  assert.equal(lanCommand('http://127.0.0.1:8411'), 'artel serve --lan --listen 0.0.0.0:8411')
})

test('a code is read from a link, from itself, and from nothing else', () => {
  for (const text of ['SD76KG', ' sd76kg ', 'http://10.0.0.5:8080/join/SD76KG', 'https://club.example/join/sd76kg/?from=qr']) assert.equal(scanned(text), 'SD76KG', text)
  for (const text of ['', 'SD76K', 'SD76KGG', 'SD76K0', 'https://club.example/board/ABCDEFGHJK', 'https://club.example/join/', 'WIFI:S:hall;P:12345678;;', 'https://a.example/?u=/join/SD76KG']) {
    assert.equal(scanned(text), null, text)
  }
  assert.equal(typed(' sd-76 kg!x'), 'SD76KG')
})

test('signing in leads on within this page only', () => {
  const to = (search) => parse({ pathname: '/signin', search }).to
  assert.equal(to('?to=%2Fjoin%2FSD76KG'), '/join/SD76KG')
  for (const search of ['', '?to=', '?to=https://evil.example', '?to=//evil.example', '?to=/%5Cevil.example', '?to=javascript:alert(1)']) assert.equal(to(search), '/', search)
})

test('one tab at a time, also without the locks of the browser, and a tab that died holds nobody up for ever', async () => {
  const kept = new Map()
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) }
  let time = 0
  const clock = { storage, now: () => time, pause: async (ms) => { time += ms; await new Promise(setImmediate) } }
  let inside = 0
  let most = 0
  const work = async () => {
    inside += 1
    most = Math.max(most, inside)
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
    inside -= 1
    return 'done'
  }
  const tabs = ['a', 'b', 'c', 'd'].map((id) => leased('artel.refresh', work, { ...clock, id }))
  assert.deepEqual(await Promise.all(tabs), ['done', 'done', 'done', 'done'])
  assert.deepEqual([most, kept.size], [1, 0])

  kept.set('artel.refresh.lease', JSON.stringify({ id: 'dead', until: time + 10_000 }))
  assert.equal(await leased('artel.refresh', work, { ...clock, id: 'e' }), 'done')
  kept.set('artel.refresh.lease', JSON.stringify({ id: 'of a clock put back', until: time + 10_000_000 }))
  assert.equal(await leased('artel.refresh', work, { ...clock, id: 'f' }), 'done')
})

test('a lease is given back after a failure, and a forbidden storage stops nobody', async () => {
  const kept = new Map()
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) }
  await assert.rejects(leased('x', async () => { throw new Error('no') }, { storage }), /no/)
  assert.equal(kept.size, 0)
  const full = { getItem: () => null, setItem: () => { throw new Error('full') }, removeItem() {} }
  assert.equal(await leased('x', async () => 1, { storage: full }), 1)
  assert.equal(await leased('x', async () => 1, { storage: null }), 1)
})

test('who came too late for a game is told so; who sits it out, who watches and who plays is not', () => {
  const player = (id, more) => ({ id, user_id: `u-${id}`, role: 'participant', is_active: true, joined_at: '2026-01-31T18:00:00.000Z', ...more })
  const session = {
    current_game: { order: ['a', 'b'], started_at: '2026-01-31T18:10:00.000Z' },
    participants: [player('a'), player('b'), player('out'), player('late', { joined_at: '2026-01-31T18:15:00.000Z' }), player('tv', { role: 'spectator' }), player('gone', { is_active: false })],
  }
  assert.deepEqual(['a', 'out', 'late', 'tv', 'gone', 'nobody'].map((id) => absence(session, `u-${id}`)), [null, 'out', 'joined', null, null, null])
  assert.equal(absence({ ...session, current_game: null }, 'u-late'), null)
})
