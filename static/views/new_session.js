// A new evening: pick a game and a template, change the house rules where wanted, begin.
import { html, useMemo, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { go } from '../router.js'
import { GAMES, gameOf } from '../games/index.js'
import { defaultRules, fromDraft, toDraft } from '../rules_draft.js'
import { templateName } from '../template_names.js'
import { useAsked } from '../components/asked.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Choice, Field, Switch } from '../components/choice.js'
import { useLoaded } from '../components/loaded.js'
import { Problem } from '../components/problem.js'
import { RulesForm } from '../components/rules_form.js'

export function NewSession() {
  const { value, error: unloaded } = useLoaded(() => api.all('/api/v1/templates'), [])
  const [type, setType] = useState(GAMES[0].type)
  const [chosen, choose] = useState(null)
  const [draft, setDraft] = useState(null)
  const [name, setName] = useState('')
  const [isPrivate, setPrivate] = useState(true)
  const [maxPlayers, setMaxPlayers] = useState('')
  const [wrong, setWrong] = useState(null)
  const { ask, busy, error } = useAsked()

  const templates = useMemo(() => (value ?? []).filter((x) => x.rules.game_type === type), [value, type])
  const template = templates.find((x) => x.id === chosen) ?? templates[0] ?? null
  const shown = draft ?? toDraft(template?.rules ?? defaultRules(type))
  const pick = (id) => { choose(id); setDraft(null) }

  const create = async () => {
    const body = { name: name.trim() || t(`new.name.${type}`), is_private: isPrivate }
    if (maxPlayers.trim()) body.max_players = Number(maxPlayers)
    if (draft || !template) {
      const read = fromDraft(shown)
      if (read.field) return setWrong({ code: `form_${read.field}` })
      body.rules = read.rules
    } else body.template_id = template.id
    setWrong(null)
    const session = await ask(() => api.post('/api/v1/sessions', body))
    if (session) go(`/s/${session.id}`, { replace: true })
  }

  return html`<main class="page" data-testid="new">
    <${Bar} title=${t('lobby.new')} back="/" />
    <${Banner} />
    <div class="sheet form">
      <${Field} label=${t('new.name')} placeholder=${t(`new.name.${type}`)} maxlength="100" value=${name} data-testid="session-name" onInput=${(e) => setName(e.target.value)} />
      <${Choice} name="game" label=${t('new.game')} value=${type} options=${GAMES.map(({ type: word }) => [word, t(`game.${word}`)])} onChange=${(g) => { setType(g); pick(null) }} />
      ${templates.length > 0 && html`<h2 class="h">${t('new.template')}</h2>
        <div class="templates">${templates.map((x) => html`<button type="button" class="template${x === template ? ' on' : ''}" aria-pressed=${x === template}
          data-testid="template" onClick=${() => pick(x.id)}><b>${templateName(x)}</b><small>${gameOf(x.rules).priceText(x.rules)}</small></button>`)}</div>`}
      ${template && !template.is_system && html`<button type="button" class="text" data-testid="about-rules" onClick=${() => go(`/rules/${template.id}`)}>${t('house.about', { name: template.name })}</button>`}
      <${Problem} error=${unloaded} />
      <details><summary data-testid="edit-rules">${t('new.edit_rules')}</summary><${RulesForm} draft=${shown} onChange=${setDraft} /></details>
      <${Field} label=${t('new.max_players')} inputmode="numeric" pattern="[0-9]*" placeholder=${String(gameOf(shown.rules).mostPlayers(shown.rules))} value=${maxPlayers}
        onInput=${(e) => setMaxPlayers(e.target.value.replace(/\D/g, '').slice(0, 2))} />
      <${Switch} label=${t('new.private')} hint=${t('new.private_hint')} value=${isPrivate} onChange=${setPrivate} testid="private" />
      <${Problem} error=${wrong ?? error} />
      <button type="button" class="big" disabled=${busy || (!value && !unloaded)} data-testid="create" onClick=${create}>${t('new.create')}</button>
    </div>
  </main>`
}
