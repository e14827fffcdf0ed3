// push_subscription.js: this device's subscription to pushes, as the browser keeps it; apart from what is asked of it in the
// settings, since every page has to be able to end it.
export async function subscription() {
  const registration = await globalThis.navigator?.serviceWorker?.getRegistration()
  return (await registration?.pushManager?.getSubscription()) ?? null
}

/** After the login: the push service tells the server that nobody is there any more. */
export const dropSubscription = () => subscription().then((made) => made?.unsubscribe()).catch(() => {})
