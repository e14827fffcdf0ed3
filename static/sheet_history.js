// sheet_history.js: an open sheet has an entry of its own in the history, so that Back closes it before it leaves the screen.

/** Ways to close the open sheets, the topmost last. */
const open = []
let depth = depthHere()
let path = location.pathname

function depthHere() {
  return globalThis.history?.state?.sheets ?? 0
}

/** A sheet is open; answers what to call when it is not any more. Its entry stays then: the next sheet or screen takes it. */
export function sheetOpened(close) {
  open.push(close)
  path = location.pathname
  if (open.length > depth) {
    depth = open.length
    history.pushState({ sheets: depth }, '')
  }
  return () => {
    const at = open.indexOf(close)
    if (at >= 0) open.splice(at, 1)
  }
}

/** Before another screen: true where the present entry was a sheet's own, so that the screen takes its place. */
export function leaveSheets() {
  const isSheets = depthHere() > 0
  depth = 0
  return isSheets
}

addEventListener('popstate', () => {
  const before = depth
  depth = depthHere()
  const closing = open.splice(depth).reverse()
  for (const close of closing) close()
  // The entry of a sheet that was closed by hand: nobody should have to go back over nothing.
  if (!closing.length && before > depth && location.pathname === path) history.back()
})
