// The last mark of a game that still counts, in words.
import { html } from '../html.js'
import { lastMark } from '../game_view.js'
import { MarkText } from './mark_text.js'

export function LastMark({ state, game }) {
  const last = game && lastMark(state.events, game.id)
  return last ? html`<${MarkText} event=${last} session=${state.session} size=${null} />` : html`<span></span>`
}
