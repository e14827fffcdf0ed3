// Keeps the rules of a table as house rules, under a name; others find them by link or QR code where that is wanted.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { go } from '../router.js'
import { useAsked } from './asked.js'
import { Field, Switch } from './choice.js'
import { Problem } from './problem.js'
import { RulesExample } from './rules_example.js'
import { Sheet } from './sheet.js'

export function SaveRules({ rules }) {
  const [open, setOpen] = useState(false)
  return html`<button type="button" class="text" data-testid="save-house-rules" onClick=${() => setOpen(true)}>${t('house.save')}</button>
    ${open && html`<${SaveSheet} rules=${rules} onClose=${() => setOpen(false)} />`}`
}

function SaveSheet({ rules, onClose }) {
  const [draft, set] = useState({ name: '', is_public: true })
  const { ask, busy, error } = useAsked()
  const name = draft.name.trim()
  const save = async (event) => {
    event.preventDefault()
    const made = name && await ask(() => api.post('/api/v1/templates', { name, is_public: draft.is_public, rules }))
    if (made) go(`/rules/${made.id}`)
  }
  return html`<${Sheet} title=${t('house.title')} onClose=${onClose} testid="house-rules">
    <form class="form" onSubmit=${save}>
      <${Field} label=${t('house.name')} placeholder=${t('house.name_example')} maxlength="100" value=${draft.name} data-testid="house-name" onInput=${(e) => set({ ...draft, name: e.target.value })} />
      <${Switch} label=${t('house.public')} hint=${t('house.public_hint')} value=${draft.is_public} testid="house-public" onChange=${(is_public) => set({ ...draft, is_public })} />
      <${Problem} error=${error} />
      <button type="submit" class="big" disabled=${busy || !name} data-testid="house-save">${t('action.save')}</button>
    </form>
    <${RulesExample} rules=${rules} />
  </${Sheet}>`
}
