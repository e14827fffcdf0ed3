// service_worker.js: the page without a network. The bundler names its files; one version is kept whole, and the next one is
// taken when the page says so, never while somebody plays. And what is told while the page is closed.
import { pushNotice, windowToUse } from './push_notice.js'

const { version, files } = BUNDLE
const NAME = `artel-${version}`
/** Addresses of the server that are no screens of the page. */
const SERVER = /^\/(api|docs|health|metrics|ws|mail\.html|openapi\.json|asyncapi\.json)(\/|$)/

addEventListener('install', (event) => {
  // The index is asked for anew: that of an older version would name files that are gone. The others change their names.
  const fresh = (file) => new Request(file, { cache: file === '/' ? 'reload' : 'default' })
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(files.map(fresh))))
})

addEventListener('activate', (event) => {
  const old = async () => {
    const names = await caches.keys()
    await Promise.all(names.filter((name) => name.startsWith('artel-') && name !== NAME).map((name) => caches.delete(name)))
    await clients.claim()
  }
  event.waitUntil(old())
})

addEventListener('message', ({ data }) => {
  if (data === 'take') skipWaiting()
})

addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== location.origin) return
  if (request.mode === 'navigate' && !SERVER.test(pathname)) event.respondWith(kept('/', request))
  else if (pathname.startsWith('/assets/')) event.respondWith(kept(pathname, request))
})

addEventListener('push', (event) => {
  const tell = async () => {
    const visible = (await windows()).filter(({ visibilityState }) => visibilityState === 'visible')
    const isInSight = Boolean(windowToUse(visible))
    await registration.showNotification(...pushNotice(event.data?.text(), isInSight))
  }
  event.waitUntil(tell())
})

addEventListener('notificationclick', (event) => {
  const { notification } = event
  const { path } = notification.data
  const show = async () => {
    const page = windowToUse(await windows())
    if (!page) return clients.openWindow(path)
    page.postMessage({ go: path })
    return page.focus()
  }
  notification.close()
  event.waitUntil(show())
})

const windows = () => clients.matchAll({ type: 'window', includeUncontrolled: true })

async function kept(file, request) {
  const cache = await caches.open(NAME)
  return (await cache.match(file)) ?? fetch(request)
}
