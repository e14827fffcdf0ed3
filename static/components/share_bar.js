// A bar of one part or of several; what it shows stands beside it in words and numbers.
import { html } from '../html.js'

/** `parts`: `[[class, share], ...]`, shares of the whole. */
export function ShareBar({ parts }) {
  let at = 0
  return html`<svg class="share-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="8" />
    ${parts.map(([name, share]) => {
      const x = at
      at += share * 100
      return html`<rect key=${name} class=${name} x=${x} width=${share * 100} height="8" />`
    })}</svg>`
}
