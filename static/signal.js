// signal.js: what a phone does when somebody else marks: it buzzes, and clicks where sound is wanted. Kept on this phone.
import { click } from './sound.js'
import { createStore } from './store.js'

const KEY = 'artel.signal'
const BUZZ_MS = 40

export const buzzes = createStore(stored()?.buzz ?? true)
export const canBuzz = () => typeof navigator.vibrate === 'function'

function stored() {
  try { return JSON.parse(localStorage.getItem(KEY)) } catch { return null }
}

export function setBuzz(isOn) {
  buzzes.set(isOn)
  try { localStorage.setItem(KEY, JSON.stringify({ buzz: isOn })) } catch { /* it still holds until the next load */ }
  // Whoever turns it on gets to know it.
  if (isOn) buzz()
}

export function signal() {
  if (buzzes.get()) buzz()
  click()
}

function buzz() {
  if (navigator.userActivation?.hasBeenActive ?? true) navigator.vibrate?.(BUZZ_MS)
}
