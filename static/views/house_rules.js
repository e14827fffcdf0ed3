// House rules by their link: what they are, what they mean in money, an evening by them, and how to pass them on.
import { html, useState } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { go } from '../router.js'
import { useAsked } from '../components/asked.js'
import { Asking } from '../components/asking.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { useLoaded } from '../components/loaded.js'
import { Problem } from '../components/problem.js'
import { RulesExample } from '../components/rules_example.js'
import { RulesSummary } from '../components/rules_summary.js'
import { ShareLink } from '../components/share_link.js'

export function HouseRules({ id, me }) {
  const [again, retry] = useState(0)
  const { value: template, error: unknown } = useLoaded(() => api.get(`/api/v1/templates/${encodeURIComponent(id)}`), [id, again])
  const { ask, busy, error } = useAsked()
  const begin = async () => {
    const session = await ask(() => api.post('/api/v1/sessions', { name: template.name, template_id: template.id, is_private: true }))
    if (session) go(`/s/${session.id}`)
  }
  const forget = async () => (await ask(() => api.remove(`/api/v1/templates/${template.id}`).then(() => true))) && go('/new', { replace: true })
  return html`<main class="page" data-testid="house-rules-view">
    <${Bar} title=${template?.name ?? t('rules.title')} sub=${template && t(`game.${template.rules.game_type}`)} back="/new" />
    <${Banner} />
    <div class="sheet form">
      ${!template && !unknown && html`<p class="quiet">${t('state.loading')}</p>`}
      ${unknown && html`<${Problem} error=${unknown} /><button type="button" class="ghost" data-testid="retry" onClick=${() => retry(again + 1)}>${t('action.retry')}</button>`}
      ${template && html`<${RulesSummary} rules=${template.rules} />
        <${RulesExample} rules=${template.rules} />
        ${template.is_public || template.is_system ? html`<div class="rows invite share-link"><${ShareLink} title=${template.name} path="/rules/${template.id}" testid="share-url" evenLocal /></div>` : html`<p class="quiet">${t('house.private')}</p>`}
        ${template.owner_id === me.id && html`<${Asking} label=${t('house.delete')} question=${t('house.delete_ask')} yes=${t('house.delete')} testid="house-delete" onYes=${forget} />`}
        <${Problem} error=${error} />`}
    </div>
    ${template && html`<div class="foot"><button type="button" class="big" disabled=${busy} data-testid="house-begin" onClick=${begin}>${t('house.begin')}</button></div>`}
  </main>`
}
