// What the evening costs beside the games: expenses, the table's clock, what was paid; each can be taken back.
import { html, useState } from '../html.js'
import { clock, money, t } from '../i18n.js'
import * as api from '../api.js'
import { isCreator, mayScore, nameOf, players, participantOf, voidedSeqs } from '../game_view.js'
import { moneyInput, parseMoney } from '../money.js'
import { useAsked } from './asked.js'
import { Field, Select } from './choice.js'
import { Problem } from './problem.js'
import { Sheet } from './sheet.js'

const ENTRIES = new Set(['session.expense_added', 'session.table_stopped', 'session.payment_marked'])
const SPLITS = ['equally', 'losers', 'by_time']

export function MoneySheet({ view, session, me, onClose }) {
  const path = `/api/v1/sessions/${session.id}`
  const { busy, error, ask } = useAsked()
  const open = ['waiting', 'in_progress'].includes(session.status)
  const adds = open && mayScore(session, me.id)
  const props = { session, me, path, ask, busy }
  return html`<${Sheet} title=${t('money.title')} onClose=${onClose} testid="money">
    ${adds && html`<${Expense} ...${props} />`}
    ${open && html`<${Clock} ...${props} />`}
    <${Entries} view=${view} ...${props} />
    <${Problem} error=${error} />
  </${Sheet}>`
}

/** Who may have paid: those at the table, oneself first. */
const payers = (session, me) => {
  const mine = participantOf(session, me.id)
  return [...players(session)].sort((a, b) => (b.id === mine?.id) - (a.id === mine?.id)).map((p) => [p.id, p.display_name])
}

function Expense({ session, me, path, ask, busy }) {
  const { currency } = session.rules
  const options = payers(session, me)
  const [draft, set] = useState({ title: '', amount: '', paid_by: options[0]?.[0] })
  const amount = parseMoney(draft.amount, currency)
  const ready = draft.title.trim() && amount > 0 && !busy
  const add = async (event) => {
    event.preventDefault()
    const added = ready && await ask(() => api.post(`${path}/expenses`, { title: draft.title.trim(), amount, paid_by: draft.paid_by }))
    if (added) set({ ...draft, title: '', amount: '' })
  }
  return html`<form class="form" onSubmit=${add} data-testid="expense-form">
    <h3 class="h">${t('money.expense')}</h3>
    <${Field} label=${t('money.what')} value=${draft.title} maxlength="100" data-testid="expense-title" onInput=${(e) => set({ ...draft, title: e.target.value })} />
    <${Field} label=${t('money.amount', { currency })} inputmode="decimal" value=${draft.amount} data-testid="expense-amount" onInput=${(e) => set({ ...draft, amount: e.target.value })} />
    <${Select} label=${t('money.paid_by')} value=${draft.paid_by} options=${options} onChange=${(paid_by) => set({ ...draft, paid_by })} />
    <button type="submit" class="big" disabled=${!ready} data-testid="expense-add">${t('money.add')}</button>
  </form>`
}

function Clock({ session, me, path, ask, busy }) {
  const { table, rules: { currency } } = session
  const options = payers(session, me)
  const [draft, set] = useState({ price: '', paid_by: options[0]?.[0], split: 'equally' })
  const price = parseMoney(draft.price, currency)
  if (table && !table.stopped_at) {
    const words = table.started_at ? t('money.clock_since', { time: clock(table.started_at) }) : t('money.clock_waits')
    return html`<h3 class="h">${t('money.clock')}</h3>
      <p data-testid="clock">${t('money.per_hour', { price: money(table.price_per_hour, currency) })} · ${words}</p>
      ${table.started_at && mayScore(session, me.id) && html`<button type="button" class="ghost" data-testid="clock-stop" disabled=${busy}
        onClick=${() => ask(() => api.post(`${path}/table/stop`))}>${t('money.clock_stop')}</button>`}
      ${!table.started_at && isCreator(session, me.id) && html`<button type="button" class="ghost" data-testid="clock-remove" disabled=${busy}
        onClick=${() => ask(() => api.patch(path, { table: null }))}>${t('money.clock_remove')}</button>`}`
  }
  if (!isCreator(session, me.id)) return null
  const start = (event) => {
    event.preventDefault()
    if (price > 0) ask(() => api.patch(path, { table: { price_per_hour: price, paid_by: draft.paid_by, split: draft.split } }))
  }
  return html`<form class="form" onSubmit=${start} data-testid="clock-form">
    <h3 class="h">${t('money.clock')}</h3>
    <${Field} label=${t('money.hour_price', { currency })} inputmode="decimal" value=${draft.price} placeholder=${moneyInput(60000, currency)} data-testid="clock-price"
      onInput=${(e) => set({ ...draft, price: e.target.value })} />
    <${Select} label=${t('money.paid_by')} value=${draft.paid_by} options=${options} onChange=${(paid_by) => set({ ...draft, paid_by })} />
    <${Select} label=${t('money.split')} value=${draft.split} options=${SPLITS.map((split) => [split, t(`money.split.${split}`)])} onChange=${(split) => set({ ...draft, split })} />
    <button type="submit" class="ghost" disabled=${busy || !(price > 0)} data-testid="clock-start">${t('money.clock_start')}</button>
  </form>`
}

function Entries({ view, session, me, path, ask, busy }) {
  const { events } = view.state
  const voided = voidedSeqs(events)
  const entries = events.filter((event) => ENTRIES.has(event.type)).toReversed()
  if (!entries.length) return html`<p class="quiet">${t('money.none')}</p>`
  const mine = participantOf(session, me.id)?.id
  const may = ({ type, data }) => type === 'session.payment_marked'
    ? isCreator(session, me.id) || [data.from, data.to].includes(mine) : mayScore(session, me.id)
  return html`<ol class="log">${entries.map((event) => html`<li key=${event.seq} class=${voided.has(event.seq) ? 'voided' : ''} data-testid="entry" data-seq=${event.seq}>
    <span class="time">${clock(event.timestamp)}</span>
    <span class="line"><b>${entryText(event, session)}</b></span>
    ${voided.has(event.seq) ? html`<span class="quiet">${t('log.voided')}</span>`
      : may(event) && html`<button type="button" class="small" data-testid="entry-undo" disabled=${busy}
          onClick=${() => ask(() => api.remove(`${path}/events/${event.seq}`))}>${t('action.undo')}</button>`}
  </li>`)}</ol>`
}

/** An expense or a payment in words. */
export function entryText({ type, data }, session) {
  const sum = money(data.amount, data.currency)
  if (type === 'session.payment_marked') return t('money.paid_line', { from: nameOf(session, data.from), to: nameOf(session, data.to), sum })
  const what = type === 'session.table_stopped' ? t('money.table_line', { n: data.minutes }) : data.title
  return t('money.expense_line', { what, sum, name: nameOf(session, data.paid_by) })
}
