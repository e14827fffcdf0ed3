// Who of a chat is there now: the words below its name, asked for again while it is on the screen.
import { useEffect } from '../html.js'
import { clock, day, t } from '../i18n.js'

const REFRESH_MS = 30_000

export const other = (chat, meId) => chat.members.find((member) => member.user_id !== meId)

export function presenceText(chat, meId) {
  const others = chat.members.filter((member) => member.user_id !== meId)
  if (chat.kind === 'direct') return others[0] ? presenceOf(others[0]) : null
  const online = others.filter((member) => member.is_online).length
  return [t('chats.members', { n: chat.members.length }), ...(online ? [t('chats.online', { n: online })] : [])].join(' · ')
}

/** Nothing of whoever hides it. */
export function presenceOf({ is_online: isOnline, last_seen_at: at }) {
  if (isOnline) return t('chat.online')
  return at ? t('chat.seen', { day: day(at), time: clock(at) }) : null
}

/** No frame tells of it. */
export function usePresence(talk, id) {
  useEffect(() => {
    talk.loadChat(id)
    const timer = setInterval(() => document.visibilityState === 'visible' && talk.loadChat(id), REFRESH_MS)
    return () => clearInterval(timer)
  }, [talk, id])
}
