// The clubs that one is in; opening one, or joining one by its code.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { go } from '../router.js'
import { useAsked } from '../components/asked.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Field } from '../components/choice.js'
import { useLoaded } from '../components/loaded.js'
import { Problem } from '../components/problem.js'
import { Tabs } from '../components/tabs.js'

export function Clubs({ joinCode }) {
  const [again, retry] = useState(0)
  const { value: clubs, error } = useLoaded(() => api.all('/api/v1/clubs'), [again])
  return html`<main class="page" data-testid="clubs">
    <${Bar} title=${t('clubs.title')} back="/" />
    <${Banner} />
    <div class="sheet form">
      ${!clubs && !error && html`<p class="quiet">${t('state.loading')}</p>`}
      ${!clubs && error && html`<${Problem} error=${error} /><button type="button" class="ghost" data-testid="retry" onClick=${() => retry(again + 1)}>${t('action.retry')}</button>`}
      ${clubs?.length === 0 && html`<p class="quiet">${t('clubs.none')}</p>`}
      ${clubs?.length > 0 && html`<nav class="rows" aria-label=${t('clubs.title')}>${clubs.map((club) => html`<button type="button" class="row past" key=${club.id} data-testid="club-line" onClick=${() => go(`/clubs/${club.id}`)}>
        <span class="who"><b class="name">${club.name}</b><span class="sub">${t(`clubs.role.${club.my_role}`)}</span></span>
        <span class="p">${t('clubs.members', { n: club.members_count })}</span></button>`)}</nav>`}
      <${OneField} key=${joinCode} label=${t('clubs.code')} first=${joinCode ?? ''} button=${t('clubs.join')} path="/api/v1/clubs/join" field="code" testid="club-join" />
      <${OneField} label=${t('clubs.name')} first="" button=${t('clubs.new')} path="/api/v1/clubs" field="name" testid="club-new" />
    </div>
    <${Tabs} at="lobby" />
  </main>`
}

function OneField({ label, first, button, path, field, testid }) {
  const [value, set] = useState(first)
  const { ask, busy, error } = useAsked()
  const send = async (event) => {
    event.preventDefault()
    const text = field === 'code' ? value.trim().toUpperCase() : value.trim()
    const club = text && await ask(() => api.post(path, { [field]: text }))
    if (club) go(`/clubs/${club.id}`)
  }
  return html`<form class="inline" onSubmit=${send}>
      <${Field} label=${label} maxlength="100" value=${value} data-testid="${testid}-text" onInput=${(e) => set(e.target.value)} />
      <button type="submit" class="small" disabled=${busy || !value.trim()} data-testid=${testid}>${button}</button>
    </form><${Problem} error=${error} />`
}
