// A hook that loads something of the server for a view, and again when one of `keys` changes.
import { useEffect, useState } from '../html.js'

/** `last()`: what is shown until it has come. */
export function useLoaded(load, keys, last = () => null) {
  const [state, set] = useState(() => ({ value: last(), error: null }))
  const [tries, again] = useState(0)
  useEffect(() => {
    let wanted = true
    load().then((value) => wanted && set({ value, error: null }), (error) => wanted && set((s) => ({ ...s, error })))
    return () => { wanted = false }
  }, [...keys, tries])
  return { ...state, retry: () => again((n) => n + 1) }
}
