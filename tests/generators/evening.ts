// An evening by the client that openapi-typescript and openapi-fetch make of the document.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import createClient from 'openapi-fetch'
import type { components, paths } from './artel.js'

type Mark = components['schemas']['Mark']

const baseUrl = process.env.ARTEL_URL!
const username = `typescript-${randomUUID().slice(0, 8)}`

function must<T>({ data, error }: { data?: T; error?: unknown }): T {
  assert.ok(data !== undefined, JSON.stringify(error))
  return data
}

const nobody = createClient<paths>({ baseUrl })
const login = must(await nobody.POST('/api/v1/auth/register', { body: { username, password: 'correct horse' } }))
const anna = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${login.access_token}` } })
assert.equal(must(await anna.GET('/api/v1/users/me')).username, username)

const query = { game_type: 'kolkhoz', limit: 1 } as const
const template = must(await anna.GET('/api/v1/templates', { params: { query } })).items[0]!
const rules = template.rules
assert.ok(rules.game_type === 'kolkhoz')
const session = must(await anna.POST('/api/v1/sessions', { body: { name: 'Friday', template_id: template.id } }))
const ofSession = { path: { id: session.id } }
const boris = must(await anna.POST('/api/v1/sessions/{id}/participants', { params: ofSession, body: { display_name: 'Boris' } }))
const seats = [session.participants[0]!.id, boris.id]

const game = must(await anna.POST('/api/v1/sessions/{id}/games', { params: ofSession, body: { order: seats } }))
const ball = rules.balls[0]!
const pot: Mark = { type: 'pot_ball', participant_id: seats[0]!, color: ball.color }
const params = { path: { id: game.id }, header: { 'Idempotency-Key': randomUUID() } }
const first = must(await anna.POST('/api/v1/games/{id}/events', { params, body: pot }))
assert.equal(must(await anna.POST('/api/v1/games/{id}/events', { params, body: pot })).seq, first.seq, 'the same key once')
const second = must(await anna.POST('/api/v1/games/{id}/events', { params: { path: { id: game.id } }, body: pot }))
const undone = must(await anna.DELETE('/api/v1/games/{id}/events/{seq}', { params: { path: { id: game.id, seq: second.seq } } }))
assert.equal(undone.type, 'game.event_voided')
const scores = must(await anna.GET('/api/v1/games/{id}/scores', { params: { path: { id: game.id } } }))
assert.equal(scores.scores.find((score) => score.participant_id === seats[0])?.points, ball.points)

const ended = must(await anna.POST('/api/v1/games/{id}/end', { params: { path: { id: game.id } }, body: { reason: 'closing time' } }))
assert.equal(ended.status, 'completed')
const balance = must(await anna.GET('/api/v1/sessions/{id}/balance', { params: ofSession }))
const nets = balance.participants.map((one) => one.net)
assert.equal(nets.reduce((sum, net) => sum + net, 0), 0)
assert.equal(must(await anna.POST('/api/v1/sessions/{id}/complete', { params: ofSession })).status, 'completed')
const { error, response } = await anna.POST('/api/v1/sessions/{id}/games', { params: ofSession, body: {} })
assert.equal(response.status, 409)
assert.equal(error?.code, 'session_closed')
console.log('typescript: an evening, balance', nets)
