// A hook: the address by which phones reach this server. `undefined` while it is not known, `null` where there is none.
import { useEffect, useState } from '../html.js'
import { isLocal, phoneOrigin, server } from '../address.js'

export function usePhoneOrigin() {
  const [origin, set] = useState(() => (isLocal(location.origin) ? undefined : location.origin))
  useEffect(() => {
    if (origin !== undefined) return undefined
    let wanted = true
    const told = (said) => wanted && set(phoneOrigin(location.origin, said))
    server().then(told, () => told(null))
    return () => { wanted = false }
  }, [])
  return origin
}
