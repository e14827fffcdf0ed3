// installed.js: the page as an app: it opens without a network, and takes a new version when nobody is at a table.
import { go } from './router.js'
import { createStore } from './store.js'

/** A newer version waits to be taken. */
export const newer = createStore(false)

/** What is on the screen comes first: the worker loads all that it keeps. */
export const AFTER_MS = 5_000
const LOOK_EVERY_MS = 3_600_000

let waiting = null

export const register = () => navigator.serviceWorker.register('/sw.js', { updateViaCache: 'none' })

// A notification was tapped that leads there.
navigator.serviceWorker?.addEventListener('message', ({ data }) => data.go && data.go !== location.pathname && go(data.go))

/** Where a browser allows it: on https and on the machine itself. */
export async function install() {
  const workers = navigator.serviceWorker
  // The sources have no worker, which would keep what is being worked on.
  if (!workers || !document.querySelector('script[src^="/assets/"]')) return
  const had = Boolean(workers.controller)
  workers.addEventListener('controllerchange', () => had && location.reload())
  try {
    const registration = await register()
    const look = (worker) => worker?.state === 'installed' && workers.controller && found(worker)
    look(registration.waiting)
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing
      worker?.addEventListener('statechange', () => look(worker))
    })
    setInterval(() => registration.update().catch(() => {}), LOOK_EVERY_MS)
  } catch { /* without it the page needs the network */ }
}

function found(worker) {
  waiting = worker
  newer.set(true)
}

/** The page is loaded anew, as the newer version. */
export const take = () => waiting?.postMessage('take')
