// chat_state.js: PURE. One chat as it is now: its messages by number, who has read how far, who writes, what is unread,
// and what of it is missing here.
import { tidy } from './chat_text.js'

const TYPING_MS = 6000
/** Of a chat that is on no screen only so many of the last messages are kept. */
export const KEPT = 200

/**
 * `messages` by number; `keys`: under which id a message was said here, by its own id; `from`: the first one that is shown,
 * `null` before a page was loaded; `start`: nothing is before it; `mine`: how far I have read; `base`: how much the server
 * called unread up to which message, and whether that still holds; `others`: how far each other member has had and read,
 * where I was told, and up to `told` I was not there to hear; `typing`: until when.
 */
export const emptyChat = (id, me) => ({
  id, me, chat: null, messages: new Map(), keys: new Map(), from: null, start: false, mine: 0, base: { unread: 0, upTo: 0, isSure: true }, others: {}, told: 0, typing: {}, error: null,
})

/** The last number that is known of, here or not. */
export function lastNumber(state) {
  return Math.max(state.chat?.last_message?.number ?? 0, highest(state))
}

function highest(state) {
  let last = 0
  for (const number of state.messages.keys()) if (number > last) last = number
  return last
}

/** The chat as the server tells it: its members, and what was unread by its last message. */
export function withChat(state, chat) {
  const told = chat.members.find((member) => member.user_id === state.me)?.read_up_to ?? 0
  const known = chat.last_message?.number ?? 0
  const base = { unread: chat.unread_count, upTo: known, isSure: true }
  const others = {}
  for (const member of chat.members) {
    if (member.user_id === state.me) continue
    const before = state.others[member.user_id] ?? { read: 0, delivered: 0 }
    const read = Math.max(before.read, member.read_up_to)
    others[member.user_id] = { read, delivered: Math.max(before.delivered, read) }
  }
  // What I read meanwhile may have overtaken the answer.
  const next = withRead({ ...state, chat, mine: told, base, others }, state.mine)
  // So may have messages that went into the sum before it, and are not here any more.
  return known < state.base.upTo ? { ...next, base: { ...next.base, isSure: false } } : next
}

const counts = (state, message) => message.sender_id !== state.me && !message.is_deleted

function count(state, after, upTo = Infinity) {
  let n = 0
  for (const message of state.messages.values()) if (message.number > after && message.number <= upTo && counts(state, message)) n += 1
  return n
}

/** Messages of others that I have not read. */
export function unread(state) {
  const { base, mine } = state
  return (mine >= base.upTo ? 0 : base.unread) + count(state, Math.max(base.upTo, mine))
}

/** Whether the server is to be asked what is unread: its sum does not hold any more, or messages since then are not here. */
export function isUnreadUnclear(state) {
  const counted = Math.max(state.base.upTo, state.mine)
  let last = counted
  let here = 0
  for (const number of state.messages.keys()) {
    if (number > counted) here += 1
    if (number > last) last = number
  }
  return !state.base.isSure || last - counted > here
}

/** Of two tellings of a message the one that was later: edits go on, and what is deleted, had or read stays so. */
function later(a, b) {
  const newer = b.is_deleted || (!a.is_deleted && (b.edited_at ?? '') >= (a.edited_at ?? '')) ? b : a
  return { ...newer, delivered_at: b.delivered_at ?? a.delivered_at, read_at: b.read_at ?? a.read_at }
}

/** Messages that were heard, answered or read again, and what was said otherwise or taken back, maybe before it was heard. */
export function withMessages(state, messages) {
  const all = new Map(state.messages)
  let { typing, chat, base } = state
  for (const message of messages) {
    const known = all.get(message.number)
    const told = known ? later(known, message) : message
    all.set(message.number, told)
    if (chat?.last_message?.id === told.id) chat = { ...chat, last_message: told }
    if (!known && typing[message.sender_id]) typing = without(typing, message.sender_id)
    // The server's sum may have left it out already, or not yet.
    const isSummed = told.sender_id !== state.me && told.number > state.mine && told.number <= base.upTo
    if (isSummed && told.is_deleted && !known?.is_deleted) base = { ...base, isSure: false }
  }
  return { ...state, messages: all, typing, chat, base }
}

/** The answer to what was said here under a key: the line on the screen stays the same one. */
export function withAnswer(state, key, message) {
  return { ...withMessages(state, [message]), keys: new Map(state.keys).set(message.id, key) }
}

/** The same of the server's history. */
export function withTold(state, messages) {
  return { ...withMessages(state, messages), told: Math.max(state.told, messages.at(-1)?.number ?? 0) }
}

/** A page of what was said before, or the last one; `isFirst`: nothing is before it. */
export function withPage(state, messages, isFirst) {
  const next = withTold(state, messages)
  // Where there was nothing yet, all that is heard later is shown: it may be here before this answer.
  const first = messages[0]?.number ?? state.from ?? 1
  return { ...next, from: Math.min(state.from ?? Infinity, first), start: state.start || isFirst }
}

/** Numbers between the first that is shown and the last that is known of which nothing is here: the number before them. */
export function gapAfter(state) {
  if (state.from == null) return null
  const last = lastNumber(state)
  for (let number = state.from; number <= last; number += 1) if (!state.messages.has(number)) return number - 1
  return null
}

/** What was asked for to fill a gap. In a group one sees nothing of before one came: what is shown begins behind that. */
export function withFilled(state, after, messages) {
  const next = withTold(state, messages)
  const first = messages[0]?.number ?? 0
  return after + 1 === state.from && first > state.from ? { ...next, from: first } : next
}

/** The lowest number of the last messages that a new connection reads again: they may have been edited meanwhile. */
export function rereadAfter(state) {
  return state.from == null ? null : Math.max(state.from, highest(state) - KEPT + 1) - 1
}

/** Starts over with a later page: too much was missed to be filled in. */
export function forgotten(state) {
  if (state.from == null) return state
  const chat = state.chat && { ...state.chat, last_message: lastMessage(state) }
  return { ...state, chat, base: summed(state, highest(state)), messages: new Map(), from: null, start: false }
}

/** What goes was counted one by one, and is by sum from now on. */
function summed({ base, ...state }, last) {
  const upTo = Math.max(base.upTo, last)
  return { ...base, unread: base.unread + count(state, Math.max(base.upTo, state.mine), upTo), upTo }
}

/** What is on no screen is kept short. */
export function trimmed(state) {
  if (state.messages.size <= KEPT) return state
  const kept = new Map([...state.messages].sort(([a], [b]) => a - b).slice(-KEPT))
  const [lowest] = kept.keys()
  return { ...state, messages: kept, base: summed(state, lowest - 1), from: state.from == null ? null : Math.max(state.from, lowest), start: state.start && state.from >= lowest }
}

export function withStatus(state, { user_id: user, up_to: upTo, status }) {
  if (user === state.me) return status === 'read' ? withRead(state, upTo) : state
  const before = state.others[user] ?? { read: 0, delivered: 0 }
  const read = status === 'read' ? Math.max(before.read, upTo) : before.read
  return { ...state, others: { ...state.others, [user]: { read, delivered: Math.max(before.delivered, read, upTo) } } }
}

/** I have read so far. */
export function withRead(state, upTo) {
  if (upTo <= state.mine) return state
  const { base, mine } = state
  if (upTo >= base.upTo) return { ...state, mine: upTo, base: { ...base, unread: 0, isSure: true } }
  // No fewer than these: not all that was read need be of others.
  const unread = Math.max(base.unread - (upTo - mine), count(state, upTo, base.upTo))
  return { ...state, mine: upTo, base: { ...base, unread, isSure: false } }
}

export const withTyping = (state, user, now) => ({ ...state, typing: { ...state.typing, [user]: now + TYPING_MS } })

export const typists = (state, now) => Object.keys(state.typing).filter((user) => state.typing[user] > now)

export const calmed = (state, now) => {
  const typing = Object.fromEntries(Object.entries(state.typing).filter(([, until]) => until > now))
  return Object.keys(typing).length === Object.keys(state.typing).length ? state : { ...state, typing }
}

function without(object, key) {
  const { [key]: _, ...rest } = object
  return rest
}

/** How far an own message got: `sent`, `delivered`, `read`; by all others. */
export function reach(state, message) {
  const others = Object.values(state.others)
  const by = (mark) => others.length > 0 && others.every((other) => other[mark] >= message.number)
  if (message.read_at || by('read')) return 'read'
  return message.delivered_at || by('delivered') ? 'delivered' : 'sent'
}

/** Whether somebody has had an own message of before I listened, and it is not known of everybody: the server knows. */
export function isReachUnclear(state) {
  const others = Object.values(state.others)
  if (others.length < 2) return false
  const furthest = Math.min(state.told, Math.max(...others.map((other) => other.delivered)))
  return [...state.messages.values()].some((m) => m.sender_id === state.me && m.number <= furthest && reach(state, m) === 'sent')
}

/** Messages as they are shown, by number, then what waits to be said; `items`: the outbox of this chat, oldest first. */
export function shown(state, items) {
  const changes = new Map(items.filter((item) => item.message_id).map((item) => [item.message_id, item]))
  const stored = [...state.messages.values()].filter((m) => state.from != null && m.number >= state.from).sort((a, b) => a.number - b.number)
  const unanswered = said(state, stored, items)
  const lines = stored.map((message) => {
    const own = message.sender_id === state.me
    const before = unanswered.get(message.id)
    const item = changes.get(message.id) ?? before
    const waits = item?.message_id || item?.undo || item?.revised
    const key = before?.id ?? state.keys.get(message.id) ?? message.id
    return { key, message, own, content: (item && contentOf(item)) ?? message.content, state: waits ? waitingState(item) : own ? reach(state, message) : null, item }
  })
  const here = new Set(unanswered.values())
  return [...lines, ...items.filter((item) => item.type === 'message' && !here.has(item))
    .map((item) => ({ key: item.id, message: null, own: true, content: contentOf(item), state: waitingState(item), item }))]
}

/** What an item of the outbox says, or is to say once it was answered. */
export const contentOf = (item) => item.revised?.content ?? item.content

const waitingState = (item) => (item.state === 'refused' ? 'refused' : 'pending')

/** Whether a line is on its way out. */
export const isLeaving = (line) => line.item?.type === 'delete_message' || Boolean(line.item?.undo)

/** What was sent, whose answer was lost and which is here as a message already, by message: it is shown once. */
function said(state, stored, items) {
  const found = new Map()
  for (const item of items) {
    if (item.type !== 'message' || item.tries === 0 || item.state === 'refused') continue
    const isThis = (m) => m.sender_id === state.me && m.number > (item.after ?? Infinity) && m.content === item.content
    const same = stored.find((m) => isThis(m) && !found.has(m.id) && !state.keys.has(m.id))
    if (same) found.set(same.id, item)
  }
  return found
}

const TOGETHER_MS = 5 * 60_000
const dayOf = (time) => new Date(time).toDateString()

/** The lines with what stands between them: days, the first unread one, and who begins to speak. */
export function rows(lines, { now, unreadFrom = null, me }) {
  const all = []
  let before = null
  let isMarked = unreadFrom == null
  for (const line of lines) {
    const at = line.message?.created_at ?? new Date(line.item.n ?? now).toISOString()
    const sender = line.message?.sender_id ?? me
    if (!before || dayOf(before.at) !== dayOf(at)) all.push({ kind: 'day', key: `day ${dayOf(at)}`, at })
    if (!isMarked && line.message?.number >= unreadFrom) {
      isMarked = true
      all.push({ kind: 'unread', key: 'unread' })
    }
    const goes = before && before.sender === sender && all.at(-1).kind === 'line' && new Date(at) - new Date(before.at) < TOGETHER_MS
    all.push({ kind: 'line', key: line.key, at, sender, first: !goes, ...line })
    before = { at, sender }
  }
  return all
}

/** The first message of others after what I have read; `null` where there is none here. */
export function firstUnread(state) {
  const unread = [...state.messages.values()].filter((m) => m.number > state.mine && counts(state, m)).map((m) => m.number)
  return unread.length ? Math.min(...unread) : null
}

/** The last own line that may be said otherwise. */
export const lastEditable = (lines, now) => lines.findLast((line) => isEditable(line, now)) ?? null

const EDITABLE_MS = 24 * 3_600_000

export function isEditable(line, now) {
  if (!line.own || line.message?.is_deleted) return false
  if (line.item) return line.item.type === 'message' && !line.item.undo
  return now - new Date(line.message.created_at) < EDITABLE_MS
}

/** Whose a chat is, in words: the title of a group or table, else the other one's name. */
export function titleOf(chat, me) {
  // Who was removed from a table is not told its name.
  if (chat.kind !== 'direct') return chat.title ?? ''
  return chat.members.find((member) => member.user_id !== me)?.display_name ?? ''
}

/** The chats of a list: the one with the latest message first. */
export function latestFirst(states) {
  const at = (state) => {
    const last = [...state.messages.values()].reduce((a, b) => (b.number > (a?.number ?? 0) ? b : a), null)
    return (last ?? state.chat?.last_message)?.created_at ?? ''
  }
  return states.filter((state) => state.chat).sort((a, b) => (at(a) < at(b) ? 1 : at(a) > at(b) ? -1 : 0))
}

export function lastMessage(state) {
  let last = state.chat?.last_message ?? null
  for (const message of state.messages.values()) if (message.number >= (last?.number ?? 0)) last = message
  return last
}

/** What is to be put in the outbox for a text; `null` where nothing is to be said. */
export function sayItem(state, text) {
  const content = tidy(text)
  return content ? { type: 'message', chat_id: state.id, content, after: lastNumber(state) } : null
}
