// A list that comes by pages: a hook that loads it anew where the path or a key changes, and the lines below it.
import { html, useEffect, useRef, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { link } from '../page.js'
import { useStore } from '../store.js'
import { Problem } from './problem.js'

const nothing = { items: [], next: null, loaded: false, error: null }

export function usePages(path, keys = []) {
  const [state, set] = useState({ ...nothing, path })
  const asking = useRef(null)
  const shown = state.path === path ? state : { ...nothing, path }
  const ask = async (cursor) => {
    const mine = asking.current = {}
    const page = await api.get(path + (cursor ? `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}` : '')).catch((error) => ({ error }))
    // Another question was asked meanwhile.
    if (asking.current !== mine) return
    asking.current = null
    set((now) => {
      const before = now.path === path ? now : { ...nothing, path }
      if (page.error) return { ...before, error: page.error }
      return { path, items: cursor ? [...before.items, ...page.items] : page.items, next: page.next_cursor, loaded: true, error: null }
    })
  }
  useEffect(() => {
    ask(null)
    return () => { asking.current = null }
  }, [path, ...keys])
  return { ...shown, more: () => shown.next && !asking.current && ask(shown.next), retry: () => ask(shown.loaded ? shown.next : null) }
}

/** What stands under a list: that it loads, why it failed, that it is empty, that there is more. */
export function PagesEnd({ pages, empty, count = pages.items.length }) {
  if (pages.error) return html`<${Failed} error=${pages.error} onRetry=${pages.retry} />`
  if (!pages.loaded) return html`<p class="quiet" role="status">${t('state.loading')}</p>`
  if (pages.next) return html`<button type="button" class="ghost" data-testid="more" onClick=${pages.more}>${t('people.more')}</button>`
  return count ? null : html`<p class="quiet" data-testid="empty">${empty}</p>`
}

/** Asks again by itself once the link is back. */
export function Failed({ error, onRetry }) {
  const isOnline = useStore(link) === 'online'
  const wasOnline = useRef(isOnline)
  useEffect(() => {
    if (isOnline && !wasOnline.current) onRetry()
    wasOnline.current = isOnline
  }, [isOnline])
  return html`<div class="failed"><${Problem} error=${error} />
    <button type="button" class="ghost" data-testid="retry" onClick=${onRetry}>${t('people.retry')}</button></div>`
}
