// The board over the table, read from five metres: nothing on it needs a hand. Fed by server-sent events.
import { follow, opened } from '../board_feed.js'
import { html, useEffect, useState } from '../html.js'
import { gain, t } from '../i18n.js'
import { nothing } from '../game_state.js'
import { gameOf } from '../games/index.js'
import { lastGame, lastMark, nameOf, pottedBalls } from '../game_view.js'
import { trend } from '../money.js'
import { Ball } from '../components/ball.js'
import { Counting } from '../components/counting.js'
import { MarkText } from '../components/mark_text.js'
import { Since } from '../components/since.js'

const AGAIN_MS = 5000

export function Board({ code }) {
  const [state, set] = useState(nothing)
  const [live, setLive] = useState(false)
  const [ended, setEnded] = useState(false)
  useEffect(() => {
    let stop = null
    let timer = null
    // Asked again while it runs: a share that has ended is told, not shown as a bad link.
    const open = () => opened(code).then((id) => {
      setEnded(false)
      stop ??= follow(`/api/v1/sessions/${id}/stream?share=${encodeURIComponent(code)}`, set, (is) => {
        setLive(is)
        if (!is) again()
      })
    }, ({ status }) => {
      if (status !== 401) return again()
      stop?.()
      stop = null
      setEnded(true)
    })
    const again = () => {
      clearTimeout(timer)
      timer = setTimeout(open, AGAIN_MS)
    }
    open()
    return () => {
      clearTimeout(timer)
      stop?.()
    }
  }, [code])
  const { session } = state
  if (ended || !session) return html`<main class="board empty"><p data-testid="board-wait">${t(ended ? 'board.ended' : 'banner.offline')}</p></main>`
  const game = session.current_game ?? lastGame(state)
  return html`<main class="board" data-testid="board">
    <header><h1>${session.name}</h1><span>${game ? t('game.number', { n: game.number }) : t('waiting.title')} · ${gameOf(session.rules).priceText(session.rules)}</span>
      <span class="r">${!live && html`<b class="off" role="status">${t('banner.offline')}</b> `}${session.current_game && html`<${Since} start=${game.started_at} />`}</span></header>
    ${game ? html`<${Columns} session=${session} game=${game} events=${state.events} />`
      : html`<div class="cols">${session.participants.filter((p) => p.is_active).slice(0, 8).map((p) => html`<div class="col"><b class="name">${p.display_name}</b></div>`)}</div>`}
    <footer><${Last} state=${state} game=${game} /><span class="r">${onTable(game)}</span></footer>
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
  return left ? t('board.left', { n: left }) : ''
}
