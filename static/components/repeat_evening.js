// Opens the same evening again: rules, people and order; accounts are invited, guests sit down at once.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { lastGame } from '../game_view.js'
import { keepOrder, repeatOf } from '../repeat.js'
import { go } from '../router.js'
import { useAsked } from './asked.js'
import { Asking } from './asking.js'
import { Problem } from './problem.js'

export function RepeatEvening({ view, session, me }) {
  const [missing, setMissing] = useState(null)
  const { ask, error } = useAsked()
  const plan = repeatOf(session, lastGame(view.state), me.id)
  const repeat = () => ask(async () => {
    const opened = await api.post('/api/v1/sessions', plan.body)
    keepOrder(opened.id, plan.order)
    const absent = await seat(opened.id, plan.people)
    if (absent.length) setMissing({ id: opened.id, names: absent.join(', ') })
    else go(`/s/${opened.id}`)
  })
  if (missing) {
    return html`<div class="note" role="status"><p>${t('repeat.missing', { names: missing.names })}</p>
      <button type="button" class="big" data-testid="repeat-open" onClick=${() => go(`/s/${missing.id}`)}>${t('repeat.open')}</button></div>`
  }
  const names = plan.people.map((p) => p.name).join(', ')
  return html`<${Asking} label=${t('repeat.title')} question=${names ? t('repeat.ask', { names }) : t('repeat.ask_alone')} yes=${t('repeat.yes')} danger=${false} testid="repeat" onYes=${repeat} />
    <${Problem} error=${error} />`
}

/** One after the other, so that they sit in the same order; those who can't be seated are told by name. */
async function seat(id, people) {
  const absent = []
  for (const { name, seat: who } of people) {
    try { await api.post(`/api/v1/sessions/${id}/participants`, who) } catch { absent.push(name) }
  }
  return absent
}
