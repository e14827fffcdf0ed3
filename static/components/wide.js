// A hook: is there room for a second column beside the page?
import { useEffect, useState } from '../html.js'

// A phone that lies on its side is wide, but low.
const LEAST_HEIGHT = 500

export function useWide(leastWidth = 800) {
  const asked = `(min-width: ${leastWidth}px) and (min-height: ${LEAST_HEIGHT}px)`
  const [wide, set] = useState(() => matchMedia(asked).matches)
  useEffect(() => {
    const query = matchMedia(asked)
    const changed = () => set(query.matches)
    changed()
    query.addEventListener('change', changed)
    return () => query.removeEventListener('change', changed)
  }, [asked])
  return wide
}
