// Players with games, friends and chats behind them, made over REST for the screens of people.mjs.

export const PASSWORD = 'correct horse battery'

export function account(base, answer) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${answer.access_token}` }
  const call = async (method, address, body) => {
    for (;;) {
      const key = method === 'GET' ? {} : { 'idempotency-key': crypto.randomUUID() }
      const response = await fetch(`${base}/api/v1${address}`, { method, headers: { ...headers, ...key }, body: body && JSON.stringify(body) })
      const said = response.status === 204 ? null : await response.json()
      if (response.ok) return said
      if (said.code !== 'rate_limited') throw new Error(`${method} ${address}: ${response.status} ${JSON.stringify(said)}`)
      await new Promise((done) => setTimeout(done, 300))
    }
  }
  return { ...answer.user, call, post: (address, body = {}) => call('POST', address, body), put: (address, body = {}) => call('PUT', address, body), get: (address) => call('GET', address) }
}

async function enter(base, path, body) {
  const response = await fetch(`${base}/api/v1/auth/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return account(base, await response.json())
}

export const register = (base, username, display_name) => enter(base, 'register', { username, password: PASSWORD, display_name })
export const login = (base, username) => enter(base, 'login', { username, password: PASSWORD })

/** An evening of `games`: each a list of `[player, colour]`, a foul where the colour is missing. */
export async function evening(creator, others, name, game_type, games) {
  const templates = (await creator.get('/templates?limit=50')).items
  const template = templates.find((it) => (it.rules?.game_type ?? it.game_type) === game_type)
  const session = await creator.post('/sessions', { name, template_id: template.id })
  for (const player of others) await player.post('/sessions/join', { code: session.code, role: 'participant' })
  const { participants } = await creator.get(`/sessions/${session.id}`)
  const place = (player) => participants.find((it) => it.user_id === player.id).id
  for (const marks of games) {
    const game = await creator.post(`/sessions/${session.id}/games`)
    for (const [player, color] of marks) {
      await creator.post(`/games/${game.id}/events`, color ? { type: 'pot_ball', participant_id: place(player), color } : { type: 'commit_foul', participant_id: place(player) })
    }
    const now = await creator.get(`/games/${game.id}`)
    if (now.status === 'in_progress') await creator.post(`/games/${game.id}/end`)
  }
  await creator.post(`/sessions/${session.id}/complete`)
  return session.id
}

export async function befriend(one, other) {
  const { id } = await one.post('/friends/requests', { user_id: other.id })
  await other.put(`/friends/requests/${id}/accept`)
}
