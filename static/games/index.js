// games/index.js: what can be played. All that differs between games is in their files; nothing else asks which one it is.
import { kolkhoz } from './kolkhoz.js'
import { americana, moscowPyramid } from './pyramid.js'
import { snooker } from './snooker.js'

/**
 * Each game has
 * - `type`, the word of the rules, and `defaults()`, rules where no template of it is at hand;
 * - `priceField`, the field of the rules that holds its price, and `priceText(rules)`;
 * - `draftOf(rules)`, what its form holds beside rules and price, and `fromDraft(draft)`: fields of the rules, or `{field}`
 *   that can't be understood;
 * - `leastPlayers(rules)`, `mostPlayers(rules)`, and `foulWeights(rules)`, where a foul may weigh more than usual;
 * - `why(rules)`, the word for who pays, and `ring(game, rules, participantId)`, where a ring explains a result exactly;
 * - `ballPoints(rules, command)`, `foulPoints(rules)`, `foulGoesToOther(rules)` and `foulScores(rules, game, command)`, pairs
 *   of participant and points: what a mark comes to that no server has seen; `foulGoesToBank(rules)` where fouls may pile up;
 * - `padBalls(rules)`, what its pad offers, in order: `{ball, points, name}`, where `ball` is of the command;
 * - `example(rules)`: `{players, steps}`, a few marks and what they come to: a step has the `key` of its words, `by` whom,
 *   and the `nets` of all players after it;
 * - `onTable(game)`, what a board says of the table during a game, or nothing;
 * - the components `Fields` (of the form), `Balls` (of the summary), `Pad` (what the thumb taps), `Status`, where there is
 *   something on the table to know for everybody, and `More`, where there is something that is needed less often:
 *   `send(command)` marks it for the selected player.
 */
export const GAMES = [kolkhoz, americana, moscowPyramid, snooker]

export const gameOf = (rules) => GAMES.find((game) => game.type === rules.game_type) ?? GAMES[0]
