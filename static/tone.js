// tone.js: a tone that swells and dies away, where the browser has a loudspeaker.

let audio = null

/** A browser lets nothing be heard before the page was touched once. */
export function unlock() {
  if (!globalThis.AudioContext) return null
  audio ??= new AudioContext()
  if (audio.state !== 'running') audio.resume().catch(() => {})
  return audio
}

/** `type` and `frequency` of the oscillator, `volume` at its loudest; seconds: `swell` until then, `length` of all, `after` a while. */
export function tone({ type = 'sine', frequency, volume, swell, length, after = 0 }) {
  const on = unlock()
  if (!on) return
  const at = on.currentTime + after
  const oscillator = new OscillatorNode(on, { type, frequency })
  const gain = new GainNode(on, { gain: 0.0001 })
  gain.gain.setValueAtTime(0.0001, at)
  gain.gain.exponentialRampToValueAtTime(volume, at + swell)
  gain.gain.exponentialRampToValueAtTime(0.0001, at + length)
  oscillator.connect(gain).connect(on.destination)
  oscillator.start(at)
  oscillator.stop(at + length + 0.01)
}
