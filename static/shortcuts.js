// shortcuts.js: PURE. What a key of a keyboard asks of the table. Letters are told by their place, so that they are the
// same in every layout.

const LETTERS = { KeyF: 'foul', KeyS: 'safety', KeyM: 'miss' }
const ARROWS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }

/** The balls of a pad with the digit of each: its points where these tell all of them apart, else its place. */
export function digitsOf(balls) {
  const points = balls.map((ball) => ball.points)
  const isTelling = new Set(points).size === points.length && points.every((n) => n >= 1 && n <= 9)
  return balls.slice(0, 9).map((ball, at) => ({ ...ball, digit: String(isTelling ? ball.points : at + 1) }))
}

/** `{does, ball?, by?}`, or `null` where the key means nothing here. */
export function askedBy({ key, code, ctrlKey, metaKey, altKey, shiftKey, repeat }, digits) {
  if (altKey) return null
  if (ctrlKey || metaKey) {
    if (repeat) return null
    if (code === 'KeyZ') return { does: shiftKey ? 'redo' : 'undo' }
    return code === 'KeyY' ? { does: 'redo' } : null
  }
  if (key === '?' || (shiftKey && code === 'Slash')) return { does: 'help' }
  if (shiftKey) return null
  if (ARROWS[code]) return { does: 'choose', by: ARROWS[code] }
  // A key that is held down is one ball.
  if (repeat) return null
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1]
  const found = digit && digits.find((ball) => ball.digit === digit)
  if (found) return { does: 'pot', ball: found.ball }
  return LETTERS[code] ? { does: LETTERS[code] } : null
}
