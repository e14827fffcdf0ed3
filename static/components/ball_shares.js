// The balls of a player by colour, most first.
import { html } from '../html.js'
import { lang, t } from '../i18n.js'
import { ballShares } from '../stats_view.js'
import { Ball } from './ball.js'
import { ShareBar } from './share_bar.js'

export function BallShares({ balls }) {
  const shares = ballShares(balls)
  if (!shares.length) return null
  const number = new Intl.NumberFormat(lang.get())
  return html`<section class="stack"><h2 class="h">${t('stats.by_color')}</h2>
    <ul class="rows shares" data-testid="ball-shares">
      ${shares.map(({ color, n, share }) => html`<li key=${color}><${Ball} color=${color} size=${22} /><span class="share-name">${t(`color.${color}`)}</span>
        <${ShareBar} parts=${[[`fill ${color}`, share]]} /><b>${number.format(n)}</b></li>`)}
    </ul></section>`
}
