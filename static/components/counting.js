// A number that counts to its new value.
import { html, useEffect, useRef, useState } from '../html.js'
import { count } from '../motion.js'

const MINUS = '\u2212'

export function Counting({ value }) {
  const [shown, show] = useState(value)
  const last = useRef(value)
  useEffect(() => {
    const from = last.current
    last.current = value
    return count(from, value, show)
  }, [value])
  return html`${shown < 0 ? MINUS : ''}${Math.abs(shown)}`
}
