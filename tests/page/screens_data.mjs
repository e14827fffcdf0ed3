// The people, evenings and conversations that screens.mjs shows: made over REST, as realistic as a hall on a Friday.
import { befriend, evening, register } from './people_data.mjs'
import { kolkhoz, openTable, play, put, pyramid, snooker } from './table_setup.mjs'

export const PEOPLE = { anna: 'Анна', boris: 'Борис', vera: 'Вера', gleb: 'Глеб Константинопольский', dina: 'Дина', egor: 'Егор' }
const { anna: ANNA, boris: BORIS, vera: VERA, gleb: GLEB, dina: DINA, egor: EGOR } = PEOPLE
const foul = { type: 'commit_foul' }

/** Those who play, and Нина, who has done nothing yet. */
export async function makePeople(base, unique) {
  const made = await Promise.all(Object.entries(PEOPLE).map(async ([name, shown]) => [name, await register(base, `${name}-${unique}`, shown)]))
  await register(base, `nina-${unique}`, 'Нина')
  return Object.fromEntries(made)
}

/** Evenings behind them, friends, who asks and was asked, a club, house rules, an invitation, and what they talk about. */
export async function makePast({ anna, boris, vera, gleb, dina, egor }) {
  const rack = (first, second) => [[first, 'white'], [first, 'yellow'], [second, 'blue'], [second], [first, 'pink'], [second, 'white']]
  for (const [name, lucky, other] of [['Пятничный колхоз', anna, boris], ['У Веры', vera, anna], ['Суббота', anna, vera]]) {
    await evening(anna, [boris, vera, gleb], name, 'kolkhoz', [rack(lucky, other), rack(other, gleb), [...rack(lucky, vera), [lucky, 'black'], [boris]], rack(boris, other)])
  }
  await evening(anna, [boris], 'Один на один', 'americana', [Array.from({ length: 8 }, () => [anna, 'white'])])
  for (const friend of [boris, vera]) await befriend(anna, friend)
  await dina.post('/friends/requests', { user_id: anna.id })
  await anna.post('/friends/requests', { user_id: egor.id })
  await anna.put(`/friends/${gleb.id}/block`)
  const club = await anna.post('/clubs', { name: 'Клуб на Лесной' })
  for (const member of [boris, vera]) await member.post('/clubs/join', { code: club.code })
  for (const { session_id: id } of (await anna.get(`/stats/users/${anna.id}/evenings?limit=3`)).items) await anna.put(`/clubs/${club.id}/sessions/${id}`)
  const rules = await anna.post('/templates', { name: 'По-нашему, с банком', is_public: true, rules: kolkhoz({ foul: { kind: 'pool', points: 1 } }) })
  const invitation = await boris.post('/sessions', { name: 'Новый стол', rules: kolkhoz() })
  await boris.post(`/friends/${anna.id}/invite`, { session_id: invitation.id })
  const direct = await talk([anna, boris], {}, [[boris, 'Привет! В пятницу играем?'], [anna, 'Да, стол с восьми. Мел есть?'], [boris, 'Мел возьму, а кий захвати свой: в зале кривые.'], [anna, 'Договорились']])
  const group = await talk([anna, boris, vera], { title: 'Пятничные' }, [[vera, 'Кто берёт стол у окна?'], [boris, 'Я взял до полуночи'], [anna, 'Тогда я за чай'], [vera, 'А я опоздаю минут на двадцать: начинайте без меня, сяду со следующей игры.']])
  return { club, rules, invitation, direct, group }
}

async function talk([first, ...others], about, said) {
  const chat = await first.post('/chats', { ...about, user_ids: others.map(({ id }) => id) })
  for (const [who, content] of said) await who.post(`/chats/${chat.id}/messages`, { content })
  return chat
}

/** A table of six in its second game, where fouls go to the bank. */
export async function kolkhozTable({ anna, boris, vera }) {
  const table = await openTable(anna, { name: 'Пятничный колхоз', rules: kolkhoz({ foul: { kind: 'pool', points: 1 } }), friends: [boris, vera], guests: [GLEB, DINA, EGOR] })
  await play(table, [[ANNA, 'pink'], [BORIS, 'white'], [VERA, 'black'], [GLEB, 'yellow']], { end: {} })
  table.game = await play(table, [[ANNA, 'yellow'], [ANNA, 'white'], [BORIS, 'green'], [DINA, foul], [EGOR, foul], [VERA, 'blue'], [GLEB, 'brown']])
  await put(table, table.game, ANNA, 'pink')
  const { chat_id: chat } = await anna.get(`/sessions/${table.id}`)
  for (const [who, content] of [[boris, 'Кто следующий разбивает?'], [vera, 'Глеб, потом Дина']]) await who.post(`/chats/${chat}/messages`, { content })
  await anna.post(`/sessions/${table.id}/expenses`, { title: 'Чай и пироги', amount: 84000, paid_by: table.ids[BORIS] })
  return table
}

export async function snookerTable({ anna, boris }) {
  const table = await openTable(anna, { name: 'Снукер до трёх', rules: snooker({ race_to: 3 }), friends: [boris] })
  await play(table, [[ANNA, 'red']], { end: { reason: 'conceded', participant_id: table.ids[BORIS] } })
  await play(table, [[BORIS, 'red'], [BORIS, 'blue'], [BORIS, { type: 'end_turn', reason: 'miss' }], [ANNA, 'red'], [ANNA, 'black'], [ANNA, 'red'], [ANNA, 'pink']])
  return table
}

export async function pairsTable({ anna, boris }) {
  const table = await openTable(anna, { name: 'Двое на двое', rules: pyramid(), friends: [boris], guests: [VERA, GLEB] })
  await play(table, [[ANNA, 'white'], [BORIS, foul], [VERA, 'white'], [ANNA, 'white']])
  return table
}

export async function americanaTable({ anna, boris }) {
  const table = await openTable(anna, { name: 'Американка', rules: pyramid({ game_type: 'americana', format: '1x1' }), friends: [boris] })
  await play(table, [[ANNA, 'white'], [BORIS, 'white'], [BORIS, { type: 'pot_ball', color: 'white', own_ball: true }], [ANNA, foul]])
  return table
}

/** An evening of three games, whose first one was put right afterwards. */
export async function playedTable({ anna, boris, vera }) {
  const table = await openTable(anna, { name: 'Четверг у камина', rules: kolkhoz(), friends: [boris, vera], guests: [GLEB] })
  const first = await play(table, [[ANNA, 'pink'], [BORIS, 'white'], [VERA, 'black'], [GLEB, 'yellow']], { end: {} })
  await play(table, [[BORIS, 'black'], [BORIS, 'green'], [GLEB, foul], [ANNA, 'white']], { end: {} })
  await play(table, [[VERA, 'blue'], [ANNA, 'black'], [ANNA, 'yellow'], [BORIS, foul], [GLEB, 'pink']], { end: {} })
  await put(table, first, GLEB, { type: 'pot_ball', color: 'black', correction: true })
  table.game = first
  await anna.post(`/sessions/${table.id}/expenses`, { title: 'Чай и пироги', amount: 84000, paid_by: table.ids[VERA] })
  return table
}
