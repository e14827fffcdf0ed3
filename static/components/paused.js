// A hook: a value once it has rested, so that not every letter asks the server.
import { useEffect, useState } from '../html.js'

const PAUSE_MS = 250

export function usePaused(value) {
  const [paused, set] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => set(value), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [value])
  return paused
}
