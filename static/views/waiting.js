// Before the first game: the code and the QR code, who is here, and the start.
import { html } from '../html.js'
import { t } from '../i18n.js'
import * as api from '../api.js'
import { isCreator, mayScore } from '../game_view.js'
import { keptOrder } from '../repeat.js'
import { useAsked } from '../components/asked.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { EditRules } from '../components/edit_rules.js'
import { Invite } from '../components/invite.js'
import { Leave } from '../components/leave.js'
import { Problem } from '../components/problem.js'
import { RulesSummary } from '../components/rules_summary.js'
import { SaveRules } from '../components/save_rules.js'
import { Participants } from '../components/participants.js'
import { ShareBoard } from '../components/share_board.js'
import { Asking } from '../components/asking.js'
import { StartGame } from '../components/start_game.js'

export function Waiting({ view, session, me, chat }) {
  const { ask, error } = useAsked()
  const path = `/api/v1/sessions/${session.id}`
  const previous = keptOrder(session)
  return html`<main class="page" data-testid="waiting">
    <${Bar} title=${session.name} sub=${t('waiting.title')} back="/">${chat}</${Bar}>
    <${Banner} />
    <div class="sheet">
      <${Invite} session=${session} />
      <${Participants} session=${session} online=${view.online} me=${me} />
      <h2 class="h">${t('rules.title')}</h2>
      <${RulesSummary} rules=${session.rules} />
      <${EditRules} session=${session} me=${me} />
      <${SaveRules} rules=${session.rules} />
      <${Problem} error=${error} />
      ${isCreator(session, me.id) ? html`<${ShareBoard} session=${session} />
          <${Asking} label=${t('waiting.cancel')} question=${t('waiting.cancel_ask')} yes=${t('waiting.cancel')} testid="cancel-session"
            onYes=${() => ask(() => api.post(`${path}/cancel`))} />`
        : html`<${Leave} session=${session} me=${me} />`}
    </div>
    <div class="foot">${mayScore(session, me.id) ? html`${previous && html`<p class="quiet center">${t('repeat.order')}</p>`}<${StartGame} session=${session} previous=${previous} label=${t('waiting.start')} />`
      : html`<p class="quiet center">${t('waiting.wait')}</p>`}</div>
  </main>`
}
