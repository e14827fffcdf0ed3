// A hook: the session that a share's code opens, followed until the share ends. For the board and the overlay.
import { follow, opened } from '../board_feed.js'
import { nothing } from '../game_state.js'
import { useEffect, useState } from '../html.js'

const AGAIN_MS = 5000

/** `{state, live, over}`: `over` is `wrong` or `ended` once the code opens nothing. */
export function useBoardSession(code) {
  const [state, set] = useState(nothing)
  const [live, setLive] = useState(false)
  const [over, end] = useState(null)
  useEffect(() => {
    let stop = null
    let timer = null
    let wanted = true
    // Asked again while it runs: a share that has ended is told, not shown as a bad link.
    const open = () => opened(code).then((id) => {
      if (!wanted) return
      end(null)
      stop ??= follow(`/api/v1/sessions/${id}/stream?share=${encodeURIComponent(code)}`, set, (is) => {
        setLive(is)
        if (!is) again()
      })
    }, (error) => {
      if (!wanted) return undefined
      if (![401, 404].includes(error.status)) return again()
      stop?.()
      stop = null
      end(error.code === 'token_expired' ? 'ended' : 'wrong')
    })
    // One that waits is left to wait: the stream itself fails more often than that, and would put it off for ever.
    const again = () => {
      timer ??= setTimeout(() => {
        timer = null
        open()
      }, AGAIN_MS)
    }
    open()
    return () => {
      wanted = false
      clearTimeout(timer)
      stop?.()
    }
  }, [code])
  return { state, live, over }
}
