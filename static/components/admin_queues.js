// Whether the server is ready, which nodes live, and how much waits in each queue; read again every few seconds.
import { html, useEffect, useState } from '../html.js'
import { clock, day, lang, t } from '../i18n.js'
import * as api from '../api.js'
import { nodeState, queueState } from '../admin_view.js'
import { useLoaded } from './loaded.js'
import { Problem } from './problem.js'

const REFRESH_MS = 3000

/** 503 is an answer too: it names what is down. */
const ready = () => fetch('/health/ready').then((response) => response.json(), () => ({ status: 'unreachable', down: [] }))

export function AdminQueues() {
  const [age, grow] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && grow((n) => n + 1), REFRESH_MS)
    return () => clearInterval(timer)
  }, [])
  const { value: health } = useLoaded(ready, [age])
  const { value, error } = useLoaded(() => api.all('/api/v1/admin/queues'), [age])
  const { value: nodes } = useLoaded(() => api.all('/api/v1/admin/nodes'), [age])
  const number = new Intl.NumberFormat(lang.get(), { maximumFractionDigits: 0 })
  return html`<h2 class="h">${t('admin.health')}</h2>
    ${health && html`<p class=${health.status === 'ok' ? 'note' : 'problem'} role="status" data-testid="admin-health">${health.status === 'ok' ? `✓ ${t('admin.ok')}` : t('admin.down', { what: health.down.join(', ') || '?' })}</p>`}
    ${nodes && html`<h2 class="h">${t('admin.nodes')}</h2><div class="rows">${nodes.map((node) => html`<div class="queue ${nodeState(node)}" key=${node.node_id} data-testid="node">
      <b class="name">${node.node_id}</b><span class="state">${t(`admin.node.${nodeState(node)}`)}</span><span class="quiet">${t('admin.node_seen', { at: `${day(node.seen_at)}, ${clock(node.seen_at)}` })}</span></div>`)}</div>`}
    <h2 class="h">${t('admin.queues')}</h2>
    <${Problem} error=${error} />
    ${!value && !error && html`<p class="quiet">${t('state.loading')}</p>`}
    ${value && html`<div class="rows">${value.map((queue) => html`<div class="queue ${queueState(queue)}" key=${queue.name} data-testid="queue">
      <b class="name">${queue.name}</b><span class="state">${t(`admin.queue.${queueState(queue)}`)}</span>
      <span class="quiet">${t('admin.queue_line', { n: number.format(queue.messages), workers: number.format(queue.workers), consumers: number.format(queue.consumers), ms: number.format(queue.latency_ms), target: number.format(queue.target_ms) })}</span>
    </div>`)}</div>`}`
}
