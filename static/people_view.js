// people_view.js: PURE. What is between me and another user, by the lists of friends, requests and blocks.

/** `self`, `blocked`, `friend`, `asks` (waits for my answer), `asked` (by me), `none`; with the request where there is one. */
export function relationOf(lists, userId, meId) {
  if (userId === meId) return { kind: 'self' }
  if (lists.blocked.some((one) => one.user.id === userId)) return { kind: 'blocked' }
  if (lists.friends.some((one) => one.user.id === userId)) return { kind: 'friend' }
  const asks = lists.asking.find((one) => one.from.id === userId)
  if (asks) return { kind: 'asks', request: asks.id }
  const asked = lists.asked.find((one) => one.to.id === userId)
  return asked ? { kind: 'asked', request: asked.id } : { kind: 'none' }
}

/** Users of whom any name has what is typed. */
export function matching(users, typed) {
  const word = typed.trim().toLowerCase()
  return users.filter((user) => [user.display_name, user.username].some((name) => name?.toLowerCase().includes(word)))
}

/** Whom one may invite to a table: friends who have no place there now. */
export function invitable(friends, session) {
  const there = new Set(session.participants.filter((one) => one.left_at == null).map((one) => one.user_id))
  return friends.filter((user) => !there.has(user.id))
}

/** A text in parts, `[part, whether it is one of the words]`, from a little before the first of them. */
export function marked(text, words, before = 40) {
  const wanted = words.split(/\s+/).filter(Boolean).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  if (!wanted.length) return [[text, false]]
  const pattern = new RegExp(`(${wanted.join('|')})`, 'giu')
  const at = text.search(pattern)
  const start = at > before ? at - before : 0
  return `${start ? '…' : ''}${text.slice(start)}`.split(pattern).map((part, i) => [part, i % 2 === 1]).filter(([part]) => part !== '')
}
