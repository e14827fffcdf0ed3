// The board over the table, read from five metres: nothing on it needs a hand. Fed by server-sent events.
import { follow } from '../board_feed.js'
import { html, useEffect, useState } from '../html.js'
import { gain, money, t } from '../i18n.js'
import { nothing } from '../game_state.js'
import { lastGame, lastMark, nameOf, pottedBalls } from '../game_view.js'
import { trend } from '../money.js'
import { Ball } from '../components/ball.js'
import { Counting } from '../components/counting.js'
import { MarkText } from '../components/mark_text.js'
import { Since } from '../components/since.js'

export function Board({ id, token }) {
  const [state, set] = useState(nothing)
  const [live, setLive] = useState(false)
  useEffect(() => follow(`/api/v1/sessions/${id}/stream${token ? `?token=${encodeURIComponent(token)}` : ''}`, set, setLive), [id, token])
  const { session } = state
  if (!session) return html`<main class="board empty"><p data-testid="board-wait">${t(token ? 'banner.offline' : 'board.no_token')}</p></main>`
  const game = session.current_game ?? lastGame(state)
  return html`<main class="board" data-testid="board">
    <header><h1>${session.name}</h1><span>${game ? t('game.number', { n: game.number }) : t('waiting.title')} · ${price(session.rules)}</span>
      <span class="r">${!live && html`<b class="off" role="status">${t('banner.offline')}</b> `}${session.current_game && html`<${Since} start=${game.started_at} />`}</span></header>
    ${game ? html`<${Columns} session=${session} game=${game} events=${state.events} />`
      : html`<div class="cols">${session.participants.filter((p) => p.is_active).slice(0, 8).map((p) => html`<div class="col"><b class="name">${p.display_name}</b></div>`)}</div>`}
    <footer><${Last} state=${state} game=${game} /><span class="r">${onTable(game)}${t('board.join', { code: session.code })}</span></footer>
  </main>`
}

function Columns({ session, game, events }) {
  const balls = pottedBalls(events, game.id)
  const running = game.status === 'in_progress'
  // Three digits, or a minus before two, need smaller figures in all columns alike.
  const long = game.scores.some((s) => String(s.points).length > 2) ? ' long' : ''
  return html`<div class="cols n${Math.min(8, game.order.length)}${long}">${game.order.slice(0, 8).map((id) => {
    const score = (running ? game.scores : game.results ?? game.scores).find((s) => s.participant_id === id)
    const turn = running && id === game.current_participant_id
    return html`<div class="col${turn ? ' turn' : ''}" key=${id} data-testid="board-player">
      ${turn && html`<em class="cue">${t('table.turn')}</em>`}${!running && score.place && html`<em class="cue place">${t('board.place', { n: score.place })}</em>`}
      <b class="name">${nameOf(session, id)}</b>
      <span class="pts" data-testid="board-points"><${Counting} value=${score.points} /></span>
      <span class="net ${trend(score.net)}">${gain(score.net, session.rules.currency)}</span>
      <span class="bs">${(balls.get(id) ?? []).slice(-10).map((ball) => html`<${Ball} color=${ball.color} own=${ball.own} />`)}</span>
    </div>`
  })}</div>`
}

function Last({ state, game }) {
  const last = game && lastMark(state.events, game.id)
  return last ? html`<${MarkText} event=${last} session=${state.session} size=${null} />` : null
}

function onTable(game) {
  const left = (game?.remaining ?? []).filter((r) => r.count != null).reduce((sum, r) => sum + r.count, 0)
  return left ? `${t('board.left', { n: left })} · ` : ''
}

const price = (rules) => rules.point_price != null ? t('rules.per_point', { price: money(rules.point_price, rules.currency) })
  : t('rules.per_game', { price: money(rules.game_price, rules.currency), n: rules.target_balls })
