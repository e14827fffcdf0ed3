// What an evening leaves behind: one picture for the players' chat, and a table for those who count themselves.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { fileName, handOver, saveCsv } from '../download.js'
import { pngOf } from '../evening_picture.js'
import { useAsked } from './asked.js'
import { Problem } from './problem.js'

export function TakeAway({ balance, session }) {
  const { ask, busy, error } = useAsked()
  const picture = () => ask(async () => handOver(await pngOf(balance, session), fileName(session, 'png'), session.name))
  return html`<div class="two take-away">
      <button type="button" class="ghost" disabled=${busy} data-testid="share-picture" onClick=${picture}>${t('take.picture')}</button>
      <button type="button" class="ghost" disabled=${busy} data-testid="save-csv" onClick=${() => ask(() => saveCsv(session))}>${t('take.csv')}</button>
    </div><${Problem} error=${error} />`
}
