// Money over time as a line with amounts, and the same as a table. Above and below nothing differ in colour and place.
import { html } from '../html.js'
import { clock, day, gain, t } from '../i18n.js'
import { fractionDigits, trend } from '../money.js'
import { ticks, totalsOf } from '../stats_view.js'

const W = 320
const H = 150
const TOP = 10
const BOTTOM = 8
const CHAR = 7
const TABLE_MAX = 50

/** `timed`: a point is one game, told with its time. */
export function MoneyChart({ series, timed, id = 'money' }) {
  const totals = totalsOf(series)
  const { currency } = series
  const marks = ticks(Math.min(...totals), Math.max(...totals), 10 ** fractionDigits(currency))
  const left = Math.max(...marks.map((mark) => gain(mark, currency).length)) * CHAR + 6
  const x = (i) => left + (i * (W - left - 6)) / Math.max(1, totals.length - 1)
  const y = (v) => TOP + ((marks.at(-1) - v) * (H - TOP - BOTTOM)) / (marks.at(-1) - marks[0])
  const line = totals.map((v, i) => `${i ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join('')
  const area = `${line}L${x(totals.length - 1).toFixed(1)} ${y(0)}L${x(0)} ${y(0)}Z`
  const last = totals.at(-1)
  const words = t('money_chart.label', { least: gain(Math.min(...totals), currency), most: gain(Math.max(...totals), currency), now: gain(last, currency) })
  return html`<figure class="chart money-chart" data-testid="money-chart">
    <svg viewBox="0 0 ${W} ${H}" role="img" aria-label=${words}>
      <clipPath id="${id}-up"><rect x="0" y="0" width=${W} height=${y(0)} /></clipPath>
      <clipPath id="${id}-down"><rect x="0" y=${y(0)} width=${W} height=${H} /></clipPath>
      ${marks.map((mark) => html`<path class="axis${mark === 0 ? ' zero' : ''}" d="M${left} ${y(mark)}H${W}" /><text class="tick" x=${left - 6} y=${y(mark) + 4}>${gain(mark, currency)}</text>`)}
      ${['up', 'down'].map((side) => html`<g clip-path="url(#${id}-${side})"><path class="area ${side}" d=${area} /><path class="stroke ${side}" d=${line} /></g>`)}
      <circle class="end ${trend(last)}" cx=${x(totals.length - 1)} cy=${y(last)} r="4.5" />
    </svg>
    <figcaption><span>${day(series.items[0].at)}</span><b class="m ${trend(last)}">${gain(last, currency)}</b><span>${day(series.items.at(-1).at)}</span></figcaption>
    <${SeriesTable} series=${series} timed=${timed} />
  </figure>`
}

/** The newest first; how many more there were is said. */
function SeriesTable({ series, timed }) {
  const when = ({ at }) => (timed ? `${day(at)}, ${clock(at)}` : day(at))
  const rows = [...series.items].reverse().slice(0, TABLE_MAX)
  return html`<details class="as-table"><summary data-testid="as-table">${t('chart.as_table')}</summary>
    <table><caption class="hidden">${t('money_chart.title')}</caption>
      <thead><tr><th scope="col">${t('chart.when')}</th><th scope="col">${t('chart.net')}</th><th scope="col">${t('chart.total')}</th></tr></thead>
      <tbody>${rows.map((point) => html`<tr key=${point.at}><th scope="row">${when(point)}</th><td class=${trend(point.net)}>${gain(point.net, series.currency)}</td><td class=${trend(point.total)}>${gain(point.total, series.currency)}</td></tr>`)}</tbody>
    </table>
    ${series.items.length > rows.length && html`<p class="quiet">${t('chart.last_rows', { n: rows.length })}</p>`}
  </details>`
}
