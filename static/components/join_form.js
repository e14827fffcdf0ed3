// A code to come to a table, for those who are signed in: the way to its invitation.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import { typed } from '../join_code.js'
import { go } from '../router.js'
import { CodeField } from './code_field.js'

export function JoinForm() {
  const [code, setCode] = useState('')
  const submit = (event) => {
    event.preventDefault()
    if (code.length === 6) go(`/join/${code}`)
  }
  return html`<form class="join" onSubmit=${submit}>
    <${CodeField} value=${code} label=${t('join.code')} onChange=${(text) => setCode(typed(text))} onScan=${(found) => go(`/join/${found}`)} />
    <button type="submit" class="big" disabled=${code.length < 6} data-testid="code-submit">${t('join.go')}</button>
  </form>`
}
