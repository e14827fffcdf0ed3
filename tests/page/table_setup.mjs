// Tables made over REST for the browser tests of the table: accounts, guests, rules, marks.
export const LONG = 'Константин-Иммануил Вольдемарович Преображенский-Христорождественск'.slice(0, 64)

export async function account(player, base, username) {
  const answer = await player.context.request.post(`${base}/api/v1/auth/register`, {
    headers: { 'x-artel-client': 'browser' }, data: { username, password: 'correct horse battery', display_name: player.name },
  })
  const { access_token: token, user } = await answer.json()
  const ask = async (method, path, data) => {
    const response = await fetch(`${base}/api/v1${path}`, {
      method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: data && JSON.stringify(data),
    })
    const body = await response.json().catch(() => null)
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(body)}`)
    return body
  }
  return Object.assign(player, { user, post: (path, data = {}) => ask('POST', path, data), get: (path) => ask('GET', path), patch: (path, data) => ask('PATCH', path, data), remove: (path) => ask('DELETE', path) })
}

/** A table of `host` with `friends` (accounts) and guests by name; `ids` by name, in the order of the places. */
export async function openTable(host, { name, rules, friends = [], guests = [] }) {
  const session = await host.post('/sessions', { name, rules, max_players: 10 })
  for (const friend of friends) await friend.post('/sessions/join', { code: session.code })
  for (const guest of guests) await host.post(`/sessions/${session.id}/participants`, { display_name: guest })
  const { participants } = await host.get(`/sessions/${session.id}`)
  const ids = Object.fromEntries(participants.map((p) => [p.display_name, p.id]))
  return { id: session.id, ids, order: participants.map((p) => p.id), host }
}

/** Starts a game in the order of the places and makes marks: `[name, ball or command]`; `end`: how it ends. */
export async function play(table, marks = [], { end = null } = {}) {
  const game = await table.host.post(`/sessions/${table.id}/games`, { order: table.order })
  for (const [name, mark] of marks) await put(table, game.id, name, mark)
  if (end) await table.host.post(`/games/${game.id}/end`, end)
  return game.id
}

export function put(table, gameId, name, mark, by = table.host) {
  const command = typeof mark === 'string' ? { type: 'pot_ball', color: mark } : mark
  return by.post(`/games/${gameId}/events`, { participant_id: table.ids[name], ...command })
}

const BALLS = ['white', 'yellow', 'green', 'brown', 'blue', 'pink', 'black']

export const kolkhoz = (more = {}) => ({
  game_type: 'kolkhoz', currency: 'RUB', point_price: 5000, balls: BALLS.map((color, at) => ({ color, points: at + 1 })), payer: 'previous',
  foul: { kind: 'subtract', points: 1 }, order: 'manual', enforce_turns: false, min_players: 2, max_players: 10, ...more,
})

export const snooker = (more = {}) => ({
  game_type: 'snooker', currency: 'RUB', reds: 15, format: '1x1', frame_price: 50000, point_price: 0, foul_points: 4, enforce_balls: true, order: 'manual', ...more,
})

export const pyramid = (more = {}) => ({
  game_type: 'moscow_pyramid', currency: 'RUB', game_price: 50000, target_balls: 8, format: '2x2', foul: { kind: 'opponent_plus_one' }, order: 'manual', ...more,
})
