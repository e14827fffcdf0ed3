// A TV that shows whatever evening a phone sends it: a code first, then the board, and a code again when that is over.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import { useAwake } from '../components/awake.js'
import { DisplayInvite, NextEvening, useDisplay } from '../components/display_code.js'
import { FullScreen } from '../components/full_screen.js'
import { Board } from './board.js'

const KEY = 'artel.tv'

/** What the TV showed last: it is there again after a reload, and after the power was off. */
function kept() {
  try { return JSON.parse(localStorage.getItem(KEY)) } catch { return null }
}

function keep(sent) {
  try {
    if (sent) localStorage.setItem(KEY, JSON.stringify(sent))
    else localStorage.removeItem(KEY)
  } catch { /* Without a storage the TV asks for a code after a reload. */ }
}

export function Tv() {
  const [sent, set] = useState(kept)
  const take = (next) => { keep(next); set(next) }
  if (!sent) return html`<${Waiting} onSent=${take} />`
  return html`<${Board} key=${sent.share} code=${sent.share} join=${sent.join} onOver=${() => take(null)} next=${html`<${NextEvening} onSent=${take} />`} />`
}

function Waiting({ onSent }) {
  const display = useDisplay(onSent)
  useAwake()
  return html`<main class="board tv-board" data-testid="tv">
    <header><h1>Artel</h1><span class="r"><${FullScreen} /></span></header>
    <section>
      <div><h2>${t('tv.title')}</h2><ol>${[1, 2, 3].map((n) => html`<li key=${n}>${t(`tv.step_${n}`)}</li>`)}</ol></div>
      ${display ? html`<${DisplayInvite} display=${display} />` : html`<p role="status" data-testid="tv-wait">${t('board.connecting')}</p>`}
    </section>
  </main>`
}
