// The keyboard at the table: the hook that listens, and the sheet that tells which key does what.
import { html, useEffect, useRef } from '../html.js'
import { t } from '../i18n.js'
import { gameOf } from '../games/index.js'
import { askedBy, digitsOf } from '../shortcuts.js'
import { Ball } from './ball.js'
import { Sheet } from './sheet.js'

/** `actions` by name: pot(ball), choose(by), foul, safety, miss, undo, redo, help; those that are missing do nothing. */
export function useShortcuts(rules, actions) {
  const now = useRef()
  now.current = { rules, actions }
  useEffect(() => {
    const pressed = (event) => {
      if (isElsewhere(event)) return
      const asked = askedBy(event, digitsOf(gameOf(now.current.rules).padBalls(now.current.rules)))
      const act = asked && now.current.actions[asked.does]
      if (!act) return
      event.preventDefault()
      act(asked.ball ?? asked.by)
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [])
}

/** Something is being written, the keyboard is in what stands beside, or a sheet lies over the table. */
function isElsewhere(event) {
  return event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]') !== null
    || event.target.closest?.('input, textarea, select, [contenteditable], aside') != null
}

export function ShortcutsSheet({ rules, onClose }) {
  const balls = digitsOf(gameOf(rules).padBalls(rules))
  const acts = [['↑ ↓', 'choose'], ['F', 'foul'], ['S', 'safety'], ['M', 'miss'], ['Ctrl Z', 'undo'], ['Ctrl Shift Z', 'redo'], ['?', 'help']]
  return html`<${Sheet} title=${t('keys.title')} onClose=${onClose} testid="shortcuts">
    <dl class="keys">
      ${balls.map(({ digit, ball, name }) => html`<div key=${digit}><dt><kbd>${digit}</kbd></dt><dd><${Ball} color=${ball.color} own=${ball.own_ball} size=${18} hidden /> ${name}</dd></div>`)}
    </dl>
    <dl class="keys">
      ${acts.map(([keys, act]) => html`<div key=${act}><dt>${keys.split(' ').map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${t(`keys.${act}`)}</dd></div>`)}
    </dl>
  </${Sheet}>`
}
