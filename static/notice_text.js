// notice_text.js: what the user was told, in the words of the page, kind by kind.
import { awardHow, awardTitle } from './award_text.js'
import { errorText, gain, money, t } from './i18n.js'
import { called } from './names.js'

const somebody = (person) => called(person?.display_name)
const atTable = (data, words) => [data.session_name, words].filter(Boolean).join(': ')

const KINDS = {
  game_completed: (data) => [t(data.is_corrected ? 'notice.game_corrected' : 'notice.game_completed'),
    atTable(data, [data.place ? t('board.place', { n: data.place }) : '', data.currency ? gain(data.net, data.currency) : ''].filter(Boolean).join(', '))],
  achievement_unlocked: (data) => [t('notice.achievement', { title: awardTitle(data) }), awardHow(data)],
  session_invitation: (data) => [t('notice.invitation'), t('notice.invites', { name: somebody(data.invited_by), table: data.session_name ?? '' })],
  friend_request: (data) => [t('notice.friend_request'), t('notice.wants', { name: somebody(data.from) })],
  friend_accepted: (data) => [t('notice.friend_accepted'), t('notice.is_friend', { name: somebody(data.from) })],
  payment_marked: (data) => [t('notice.payment'), atTable(data, money(data.amount, data.currency))],
  message: (data) => [t('notice.message', { name: somebody(data.from) }), data.content ?? ''],
  command_refused: (data) => [t('notice.refused'), errorText({ code: data.code })],
}

/** `[title, rest]`; of a kind that this page does not know, the server's words. */
export function noticeText({ kind, data, title, body }) {
  return KINDS[kind] ? KINDS[kind](data ?? {}) : [title, body]
}

export const ICONS = { game_completed: 'tables', achievement_unlocked: 'cup', session_invitation: 'add', friend_request: 'people', friend_accepted: 'people', payment_marked: 'check', message: 'chat', command_refused: 'close' }
