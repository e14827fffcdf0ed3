// A hook that signals when somebody else marks.
import { useEffect, useRef } from '../html.js'
import { isMarkedByOthers } from '../marks.js'
import { signal } from '../signal.js'

/** `mine`: the participant whose own marks are none. */
export function useSignals(state, mine) {
  const heard = useRef(null)
  useEffect(() => {
    if (!state.session) return
    const before = heard.current
    heard.current = state.seq
    // What was marked before the page was open is no news.
    if (before != null && isMarkedByOthers(state.events, before, mine)) signal()
  }, [state.seq])
}
