// lazy.js: code that the table has not to wait for: loaded when it is shown first, or ahead of that.
import { html, useEffect, useState } from './html.js'
import { t } from './i18n.js'
import { link } from './page.js'
import { useStore } from './store.js'
import { Banner } from './components/banner.js'

const Screen = ({ children }) => html`<main class="page"><${Banner} /><div class="splash center">${children}</div></main>`

/** The components of the module that `load` loads: by their names as they come, or loaded `ahead` of all. */
function lazy(load) {
  let parts = null
  const ahead = async () => { parts = await load() }
  /** `Frame` is around what is said meanwhile. */
  const part = (name, Frame = Screen) => function Lazy(props) {
    const [state, set] = useState('loading')
    const online = useStore(link) === 'online'
    useEffect(() => {
      if (state !== 'loading') return
      // They may have come between the drawing and this.
      if (parts) set('there')
      else ahead().then(() => set('there'), () => set('failed'))
    }, [state])
    useEffect(() => { if (online && state === 'failed') set('loading') }, [online])
    if (parts) return html`<${parts[name]} ...${props} />`
    return html`<${Frame} ...${props}><p class="quiet">${t(state === 'failed' ? 'lazy.failed' : 'state.loading')}</p>
      ${state === 'failed' && html`<button type="button" class="ghost" onClick=${() => set('loading')}>${t('action.retry')}</button>`}</${Frame}>`
  }
  return { ahead, part }
}

export const around = lazy(() => import('./views/around.js'))
export const boards = lazy(() => import('./views/boards.js'))
export const others = lazy(() => import('./views/others.js'))
