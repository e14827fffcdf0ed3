// A clock that counts from a moment; it redraws only itself.
import { html, useEffect, useState } from '../html.js'
import { duration } from '../i18n.js'

export function Since({ start }) {
  const [now, tick] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => tick(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [])
  return html`<span class="since">${duration((now - Date.parse(start)) / 1000)}</span>`
}
