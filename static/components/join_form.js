// Six characters to come to a table.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import { go } from '../router.js'

export function JoinForm() {
  const [code, setCode] = useState('')
  const clean = code.toUpperCase().replace(/[^A-Z0-9]/g, '').slice(0, 6)
  const submit = (event) => {
    event.preventDefault()
    if (clean.length === 6) go(`/join/${clean}`)
  }
  return html`<form class="join" onSubmit=${submit}>
    <input class="code-input" aria-label=${t('join.code')} placeholder="SD76KG" autocomplete="off" autocapitalize="characters" spellcheck="false"
      maxlength="8" value=${clean} data-testid="code-input" onInput=${(e) => setCode(e.target.value)} />
    <button type="submit" class="big" disabled=${clean.length < 6} data-testid="code-submit">${t('join.go')}</button>
  </form>`
}
