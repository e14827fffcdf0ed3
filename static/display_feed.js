// display_feed.js: a TV waits without a login: it shows a code of its own, made anew when that is over, until a phone sends it
// an evening.

const ASK_MS = 2000
const RETRY_MS = 5000

/** `show`: told the code and the address to scan, `null` while the server is away; `sent`: the codes of share and session. Answers how to stop. */
export function waitForEvening({ show, sent }) {
  let display = null
  let timer = null
  let stopped = false
  const look = async () => {
    let wait = ASK_MS
    try {
      display = display ? await answer(`/${display.id}`, 'GET') : await answer('', 'POST')
      if (stopped) return
      if (display?.share_code) return sent({ share: display.share_code, join: display.join_code })
      show(display)
      if (!display) wait = 0
    } catch {
      if (stopped) return
      // It may have been sent something meanwhile: it is asked for again, but nobody can send to it now.
      show(null)
      wait = RETRY_MS
    }
    timer = setTimeout(look, wait)
  }
  look()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

/** `null` where the code is over. */
async function answer(path, method) {
  const response = await fetch(`/api/v1/displays${path}`, { method, headers: { accept: 'application/json' } })
  if (response.status === 404) return null
  if (!response.ok) throw new Error(`displays: ${response.status}`)
  return response.json()
}
