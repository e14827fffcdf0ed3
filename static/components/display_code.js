// The code by which a phone sends its evening to this TV, and the same to scan.
import { html, useEffect, useState } from '../html.js'
import { t } from '../i18n.js'
import { waitForEvening } from '../display_feed.js'
import { usePhoneOrigin } from './phone_origin.js'
import { Qr } from './qr.js'

/** What is told of the waiting display, `null` until there is a code; `onSent` hears what a phone sent, once. */
export function useDisplay(onSent) {
  const [display, show] = useState(null)
  useEffect(() => waitForEvening({ show, sent: onSent }), [])
  return display
}

/** PURE: in two halves, as it is read aloud. */
export const halves = (code) => `${code.slice(0, 3)} ${code.slice(3)}`

export function DisplayInvite({ display }) {
  const origin = usePhoneOrigin()
  const path = `/tv/${display.code}`
  return html`<div class="join-board" data-testid="tv-invite">${origin !== undefined && html`<${Qr} text=${(origin ?? location.origin) + path} />`}
    <p>${t('tv.scan')}<b data-testid="tv-code">${halves(display.code)}</b></p></div>`
}

/** For the next evening, at the foot of the one that is over. */
export function NextEvening({ onSent }) {
  const display = useDisplay(onSent)
  return display && html`<span data-testid="tv-next">${t('tv.next')} <b>${halves(display.code)}</b></span>`
}
