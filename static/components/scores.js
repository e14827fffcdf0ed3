// The rows of all players in their order, lower the more there are.
import { html } from '../html.js'
import { nextInOrder, pottedBalls, sidePoints, standing } from '../game_view.js'
import { PlayerRow } from './player_row.js'

export function Scores({ session, events, list, marks: { pending, waits, turn }, selected, mine, onSelect }) {
  const { current_game: game, rules, participants } = session
  const balls = pottedBalls(events, game.id)
  const density = game.order.length <= 4 ? 'few' : game.order.length <= 6 ? 'some' : 'many'
  return html`<div class="players ${density}" ref=${list}>
    ${game.order.map((id) => {
      const index = participants.findIndex((p) => p.id === id)
      return html`<${PlayerRow} key=${id} player=${participants[index]} index=${index} score=${game.scores.find((s) => s.participant_id === id)}
        balls=${balls.get(id) ?? []} pending=${pending.filter((i) => i.command.type === 'pot_ball' && i.command.participant_id === id)} waits=${waits.get(id)}
        mine=${id === mine} turn=${id === turn} next=${id === nextInOrder(game.order, turn)} selected=${id === selected}
        side=${sidePoints(game, rules, id)} target=${rules.target_balls} currency=${rules.currency} evening=${standing(session, id)}
        onSelect=${() => onSelect(id)} />`
    })}
  </div>`
}
