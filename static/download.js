// download.js: files that the page hands over: made here, or read from the server with the login.
import * as api from './api.js'

export function saveBlob(blob, name) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** Shared where the device shares files, else saved; `false` where the user closed it. */
export async function handOver(blob, name, title) {
  const file = new File([blob], name, { type: blob.type })
  if (!navigator.canShare?.({ files: [file] })) return saveBlob(blob, name) ?? true
  try {
    await navigator.share({ files: [file], title })
    return true
  } catch (error) {
    if (error.name === 'AbortError') return false
    return saveBlob(blob, name) ?? true
  }
}

/** The evening as a table. Spreadsheets take Cyrillic for something else without the mark before it. */
export async function saveCsv(session) {
  const response = await fetch(`/api/v1/sessions/${session.id}/export?format=csv`, { headers: { authorization: `Bearer ${await api.token()}`, accept: 'text/csv' } })
    .catch(() => { throw new api.ApiError(0, 'network') })
  if (!response.ok) throw new api.ApiError(response.status, (await response.json().catch(() => null))?.code ?? 'unknown')
  saveBlob(new Blob(['\ufeff', await response.text()], { type: 'text/csv;charset=utf-8' }), fileName(session, 'csv'))
  return true
}

/** PURE: a name that every file system takes. */
export function fileName(session, ending) {
  const day = (session.completed_at ?? session.created_at).slice(0, 10)
  return `${session.name.replace(/[^\p{L}\p{N} _-]/gu, '').trim().slice(0, 60) || 'artel'} ${day}.${ending}`
}
