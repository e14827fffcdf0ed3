// push.js: whether this device is told of notifications while the page is closed, by the push service of its browser.
import * as api from './api.js'
import { register } from './installed.js'
import { subscription } from './push_subscription.js'

const PATH = '/api/v1/push-subscriptions'

/** Why this device can't be told, by the name of the words that say it; `null` where it can. */
export function obstacle({ features }, { isSecureContext, navigator, PushManager, Notification } = globalThis) {
  if (!features.push) return 'server'
  if (!isSecureContext) return 'insecure'
  // iPhones and iPads have it for pages of the home screen alone.
  if (!PushManager && navigator.standalone === false) return 'install'
  if (!PushManager || !Notification || !navigator.serviceWorker) return 'browser'
  return Notification.permission === 'denied' ? 'denied' : null
}

export const isOn = () => subscription().then(Boolean, () => false)

/** `key`: the server's public key. Where the user does not allow it nothing is changed. */
export async function turnOn(key) {
  if ((await Notification.requestPermission()) !== 'granted') return
  await register()
  const { pushManager } = await navigator.serviceWorker.ready
  // One made for another key of the server would be in the way.
  await (await pushManager.getSubscription())?.unsubscribe()
  const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }).catch(() => {
    throw new api.ApiError(0, 'push_refused')
  })
  try {
    await api.post(PATH, made.toJSON())
  } catch (error) {
    await made.unsubscribe()
    throw error
  }
}

export async function turnOff() {
  const made = await subscription()
  if (!made) return
  // A browser that subscribes again is told under which id it is known.
  const { id } = await api.post(PATH, made.toJSON())
  await api.remove(`${PATH}/${id}`)
  await made.unsubscribe()
}
