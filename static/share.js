// share.js: gives words or a link to another program: the phone's own sharing, else the clipboard, else a copy by hand.
// Over plain http a browser has neither navigator.share nor navigator.clipboard, but can still copy a selection.

/** `shared`, `copied`, `closed` (the user thought better of it), or `failed`: then the text has to be shown. */
export async function share({ title, text, url }) {
  if (navigator.share) {
    try {
      await navigator.share({ ...(title && { title }), ...(text && { text }), ...(url && { url }) })
      return 'shared'
    } catch (error) {
      if (error.name === 'AbortError') return 'closed'
    }
  }
  return (await copy(url ?? text)) ? 'copied' : 'failed'
}

/** Whether the text is on the clipboard now. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch { /* not there, or not allowed */ }
  return copySelected(text)
}

function copySelected(text) {
  const area = document.createElement('textarea')
  const focused = document.activeElement
  area.value = text
  area.readOnly = true
  area.className = 'hidden'
  area.setAttribute('aria-hidden', 'true')
  // Beside an open sheet nothing can be selected: all the rest of the page is inert then.
  const open = [...document.querySelectorAll('dialog[open]')].at(-1)
  ;(open ?? document.body).append(area)
  area.select()
  area.setSelectionRange(0, text.length)
  try { return document.execCommand('copy') } catch { return false } finally {
    area.remove()
    focused?.focus?.({ preventScroll: true })
  }
}
