// store.js: one observable value, and the hook that renders with it.
import { useLayoutEffect, useState } from './html.js'

export function createStore(value) {
  const listeners = new Set()
  return {
    get: () => value,
    set(next) {
      if (next === value) return
      value = next
      for (const listener of [...listeners]) listener(value)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export function useStore(store) {
  const [, redraw] = useState({})
  const seen = store.get()
  useLayoutEffect(() => {
    // The value may have changed between this render and the subscription.
    if (store.get() !== seen) redraw({})
    return store.subscribe(() => redraw({}))
  }, [store])
  return seen
}
