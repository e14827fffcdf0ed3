// A hook for one question to the server at a time: whether it is busy, and why it failed.
import { useState } from '../html.js'

export function useAsked() {
  const [state, set] = useState({ busy: false, error: null })
  const ask = async (work) => {
    if (state.busy) return undefined
    set({ busy: true, error: null })
    try {
      const answer = await work()
      set({ busy: false, error: null })
      return answer
    } catch (error) {
      set({ busy: false, error: error.code ? error : { code: 'unknown', message: String(error) } })
      return undefined
    }
  }
  return { ...state, ask }
}
