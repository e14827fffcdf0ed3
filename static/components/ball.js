// A ball in its colour; the name of the colour goes with it for those who can't see it.
import { html } from '../html.js'
import { t } from '../i18n.js'

export function Ball({ color, size, pending, own, hidden }) {
  const name = t(`color.${color}`)
  return html`<i class="ball ${color}${pending ? ' pending' : ''}${own ? ' own' : ''}" style=${size ? { '--d': `${size}px` } : {}}
    role=${hidden ? undefined : 'img'} aria-hidden=${hidden ? 'true' : undefined}
    aria-label=${hidden ? undefined : name + (pending ? `, ${t('state.pending')}` : '')} title=${hidden ? undefined : name}></i>`
}
