// The creator changes the rules before the first game or between games; each game keeps those it was played by.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { isCreator } from '../game_view.js'
import { fromDraft, toDraft } from '../rules_draft.js'
import { useAsked } from './asked.js'
import { Problem } from './problem.js'
import { RulesForm } from './rules_form.js'

export function EditRules({ session, me }) {
  const [draft, setDraft] = useState(null)
  const [wrong, setWrong] = useState(null)
  const { ask, busy, error } = useAsked()
  if (!isCreator(session, me.id) || session.current_game) return null
  if (!draft) return html`<button type="button" class="text" data-testid="change-rules" onClick=${() => setDraft(toDraft(session.rules))}>${t('rules.edit')}</button>`
  const save = async () => {
    const read = fromDraft(draft)
    setWrong(read.field ? { code: `form_${read.field}` } : null)
    if (read.rules && (await ask(() => api.patch(`/api/v1/sessions/${session.id}`, { rules: read.rules })))) setDraft(null)
  }
  return html`<${RulesForm} draft=${draft} onChange=${setDraft} />
    <${Problem} error=${wrong ?? error} />
    <div class="two"><button type="button" class="ghost" onClick=${() => setDraft(null)}>${t('action.close')}</button>
      <button type="button" class="big" disabled=${busy} data-testid="save-rules" onClick=${save}>${t('rules.save')}</button></div>`
}
