// Words that no program would take: shown whole, selected at a touch, to be copied by hand.
import { html } from '../html.js'
import { t } from '../i18n.js'

export function ByHand({ text }) {
  return html`<label class="field"><span>${t('share.by_hand')}</span>
    <textarea class="by-hand" readonly data-testid="by-hand" value=${text} onFocus=${(e) => e.target.select()}></textarea></label>`
}
