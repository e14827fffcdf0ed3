// How the match stands that the rules race to, where they do.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { nameOf } from '../game_view.js'

export function MatchScore({ session }) {
  const race = session.match
  if (!race || race.won.length === 0) return null
  const names = (ids) => ids.map((id) => nameOf(session, id)).join(' + ')
  const [one, two] = race.won
  const won = race.winner_participant_ids
  return html`<p class="match" data-testid="match"><span>${t('match.score', { n: race.race_to })}</span>
    <b><span class="name">${names(one.participant_ids)}</span> <span>${one.games} : ${two.games}</span> <span class="name">${names(two.participant_ids)}</span></b>
    ${won && html`<span>${t('match.won', { name: names(won) })}</span>`}</p>`
}
