// sound.js: what is heard of the page: a chime for what the user is told, a click when somebody else marks. One switch for
// both; off until it is wanted, and kept on this phone.
import { createStore } from './store.js'
import { tone, unlock } from './tone.js'

const KEY = 'artel.sound'
const NOTES = [[660, 0], [880, 0.12]]

export const sound = createStore(stored())

function stored() {
  try { return localStorage.getItem(KEY) === 'on' } catch { return false }
}

export function setSound(isOn) {
  try { localStorage.setItem(KEY, isOn ? 'on' : 'off') } catch { /* it still holds until the next load */ }
  sound.set(isOn)
  // Heard at once, and within a tap, as browsers want it.
  if (isOn) chime()
}

export function chime() {
  if (!sound.get()) return
  for (const [frequency, after] of NOTES) tone({ frequency, after, volume: 0.2, swell: 0.02, length: 0.25 })
}

/** Two balls that meet: a short high tone that dies away at once. */
export const click = () => sound.get() && tone({ type: 'triangle', frequency: 1900, volume: 0.5, swell: 0.004, length: 0.12 })

globalThis.addEventListener?.('pointerdown', () => sound.get() && unlock())
