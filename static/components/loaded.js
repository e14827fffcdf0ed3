// A hook that loads something of the server for a view, and again when one of `keys` changes.
import { useEffect, useState } from '../html.js'

export function useLoaded(load, keys) {
  const [state, set] = useState({ value: null, error: null })
  useEffect(() => {
    let wanted = true
    load().then((value) => wanted && set({ value, error: null }), (error) => wanted && set((s) => ({ ...s, error })))
    return () => { wanted = false }
  }, keys)
  return state
}
