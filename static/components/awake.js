// Keeps the screen of the phone on while a game is marked on it, where the browser can.
import { useEffect } from '../html.js'

export function useAwake() {
  useEffect(() => {
    if (!navigator.wakeLock) return undefined
    let lock = null
    let wanted = true
    const take = async () => {
      if (document.visibilityState !== 'visible') return
      const taken = await navigator.wakeLock.request('screen').catch(() => null)
      if (wanted) lock = taken
      else taken?.release()
    }
    take()
    // The browser drops the lock whenever the page is hidden.
    document.addEventListener('visibilitychange', take)
    return () => {
      wanted = false
      document.removeEventListener('visibilitychange', take)
      lock?.release()
    }
  }, [])
}
