// For operators: health, queues, dead letters, the audit trail, users. Only the role admin is answered by the server.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { go } from '../router.js'
import { AdminAudit } from '../components/admin_audit.js'
import { AdminDeadLetters } from '../components/admin_dead_letters.js'
import { AdminQueues } from '../components/admin_queues.js'
import { AdminUsers } from '../components/admin_users.js'
import { Banner } from '../components/banner.js'
import { Bar } from '../components/bar.js'
import { Choice, named } from '../components/choice.js'

const PARTS = { queues: AdminQueues, letters: AdminDeadLetters, audit: AdminAudit, users: AdminUsers }

export function Admin({ part, me }) {
  const at = part in PARTS ? part : 'queues'
  return html`<main class="page wide-page" data-testid="admin">
    <${Bar} title=${t('admin.title')} back="/me" />
    <${Banner} />
    <div class="sheet form">
      ${me.role !== 'admin' ? html`<p class="problem" role="alert">${t('error.insufficient_permissions')}</p>`
        : html`<${Choice} name="admin" label=${t('admin.part')} value=${at} options=${named('admin', Object.keys(PARTS))} onChange=${(next) => go(`/admin/${next}`, { replace: true })} />
          <${PARTS[at]} key=${at} />`}
    </div>
  </main>`
}
