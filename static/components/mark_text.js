// A mark in words: for the undo strip, the log and the announcement.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { gameOf } from '../games/index.js'
import { nameOf, participantOf } from '../game_view.js'
import { Ball } from './ball.js'

const MINUS = '\u2212'

/** A command of the outbox in the shape of the event it will become. */
export function asEvent(command, rules) {
  if (command.type === 'pot_ball') {
    const points = gameOf(rules).ballPoints(rules, command) * (command.count ?? 1)
    return { type: 'game.ball_potted', data: { ...command, points } }
  }
  if (command.type === 'commit_foul') return { type: 'game.foul_committed', data: { ...command, points: command.points ?? gameOf(rules).foulPoints(rules) } }
  if (command.type === 'end_turn') return { type: 'game.turn_changed', data: command }
  return { type: command.type, data: command }
}

export function what({ type, data }) {
  switch (type) {
    case 'game.ball_potted': return data.own_ball ? t('table.own_ball') : `${t(`color.${data.color}`)}${data.count > 1 ? ` ×${data.count}` : ''}${data.free_ball ? `, ${t('mark.free_ball')}` : ''}`
    case 'game.foul_committed': return t('table.foul').toLowerCase()
    case 'game.turn_changed': return ['miss', 'safety'].includes(data.reason) ? t(`mark.${data.reason}`) : data.reason ?? t('mark.pass')
    default: return t(`command.${type}`)
  }
}

export function weight({ type, data }, rules) {
  if (type === 'game.ball_potted') return `+${data.points}`
  if (type !== 'game.foul_committed' || !data.points) return ''
  if (rules && gameOf(rules).foulGoesToBank?.(rules)) return t('bank.weight', { n: data.points })
  return data.awarded_to || (rules && gameOf(rules).foulGoesToOther(rules)) ? `+${data.points} ${t('mark.to_other')}` : `${MINUS}${data.points}`
}

export function markSentence(event, session) {
  return `${nameOf(session, event.data.participant_id)}: ${what(event)} ${weight(event, session.rules)}`.trim()
}

/** Who marked it, in words; nothing where that is not told. */
export function author(event, session, me) {
  const id = event.actor?.participant_id
  if (!id) return ''
  return id === participantOf(session, me.id)?.id ? t('mark.by_you') : t('mark.by', { name: nameOf(session, id) })
}

export function MarkText({ event, session, size = 20 }) {
  const potted = event.type === 'game.ball_potted'
  return html`${potted && html`<${Ball} color=${event.data.color} own=${event.data.own_ball} size=${size} hidden />`}
    <span class="mark">${event.data.participant_id && html`<span class="name">${nameOf(session, event.data.participant_id)}</span>`} <span class="done">${event.data.participant_id ? '· ' : ''}${what(event)} <b>${weight(event, session.rules)}</b></span></span>`
}
