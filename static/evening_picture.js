// evening_picture.js: an evening as one picture: who came to what, who pays whom, and how it went. Drawn in the page's own colours.
import { linesOf, ticksOf } from './chart_scale.js'
import { day, gain, money, t } from './i18n.js'
import { nameOf, withMoney } from './game_view.js'
import { trend } from './money.js'

const W = 1080
const EDGE = 72
const ROW = 76
const CHART = 300
const DASHES = [[], [18, 12], [6, 12], [30, 12, 6, 12]]
/** As the lines of the chart on the page have them. */
export const HUES = ['--go', '--chalk', '--warn', '--tint-3', '--text', '--lose', '--muted', '--tint-6', '--tint-7', '--tint-4']

/** PURE but for the language: the words and sums of the picture. */
export function pictureOf(balance, session) {
  const { currency, settlement } = balance
  const sums = withMoney(balance).sort((a, b) => b.net - a.net)
  return {
    title: session.name,
    sub: [day(session.completed_at ?? session.created_at), t(`game.${session.rules.game_type}`), t('games', { n: session.games_played })].join(' · '),
    rows: sums.map((sum) => ({ id: sum.participant_id, name: nameOf(session, sum.participant_id), sum: gain(sum.net, currency), trend: trend(sum.net) })),
    pays: settlement.map((pay) => ({ from: nameOf(session, pay.from), to: nameOf(session, pay.to), sum: money(pay.amount, currency) })),
    lines: linesOf(balance), amount: (sum) => gain(sum, currency),
  }
}

export function heightOf(picture) {
  const pays = picture.pays.length ? 90 + picture.pays.length * 60 : 0
  return 250 + picture.rows.length * ROW + (picture.lines.length ? CHART + 60 : 0) + pays + 90
}

/** As a PNG. */
export async function pngOf(balance, session) {
  // A font that no element has asked for yet would be drawn as another one.
  await Promise.all(['600 40px Inter', '800 64px Inter'].map((font) => document.fonts.load(font, 'Aя₽−'))).catch(() => {})
  const canvas = document.createElement('canvas')
  const picture = pictureOf(balance, session)
  Object.assign(canvas, { width: W, height: heightOf(picture) })
  draw(canvas.getContext('2d'), picture)
  return new Promise((done, failed) => canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error('no picture'))), 'image/png'))
}

function draw(ctx, picture) {
  const style = getComputedStyle(document.documentElement)
  const brush = { ctx, color: (name) => style.getPropertyValue(name).trim() || style.getPropertyValue('--text').trim() }
  ground(brush, heightOf(picture))
  text(brush, picture.title, EDGE, 130, { font: '800 64px', room: W - 2 * EDGE })
  text(brush, picture.sub, EDGE, 184, { font: '500 34px', color: '--muted', room: W - 2 * EDGE })
  let y = rows(brush, picture, 230)
  if (picture.lines.length) y = chart(brush, picture, y + 30)
  if (picture.pays.length) y = pays(brush, picture.pays, y + 30)
  text(brush, 'Artel', W - EDGE, y + 66, { font: '600 28px', color: '--muted', align: 'right' })
}

function ground({ ctx, color }, height) {
  const wash = ctx.createRadialGradient(W / 2, 0, 0, W / 2, 0, W)
  wash.addColorStop(0, color('--felt-2'))
  wash.addColorStop(1, color('--felt'))
  ctx.fillStyle = wash
  ctx.fillRect(0, 0, W, height)
}

function rows(brush, { rows: all, lines }, top) {
  all.forEach((row, at) => {
    const y = top + at * ROW
    rule(brush, y)
    const line = lines.find((l) => l.id === row.id)
    if (line) stroke(brush, line, [[EDGE, y + ROW / 2], [EDGE + 44, y + ROW / 2]])
    text(brush, row.name, EDGE + 64, y + 52, { font: '600 40px', room: W - 2 * EDGE - 370 })
    text(brush, row.sum, W - EDGE, y + 53, { font: '800 44px', color: { up: '--go', down: '--lose', even: '--muted' }[row.trend], align: 'right' })
  })
  return top + all.length * ROW
}

function pays(brush, all, top) {
  text(brush, t('settlement.title'), EDGE, top + 44, { font: '600 32px', color: '--muted' })
  all.forEach((pay, at) => {
    const y = top + 70 + at * 60
    rule(brush, y)
    text(brush, pay.from, EDGE, y + 42, { font: '600 34px', room: 290 })
    text(brush, '→', EDGE + 320, y + 42, { font: '600 34px', color: '--muted' })
    text(brush, pay.to, EDGE + 380, y + 42, { font: '600 34px', room: 300 })
    text(brush, pay.sum, W - EDGE, y + 42, { font: '700 36px', align: 'right' })
  })
  return top + 70 + all.length * 60
}

function chart(brush, { lines, amount }, top) {
  const ticks = ticksOf(lines.flatMap((l) => l.points))
  const steps = lines[0].points.length - 1
  const x = (i) => EDGE + (i * (W - 2 * EDGE)) / steps
  const y = (v) => top + CHART - ((v - ticks[0]) * CHART) / (ticks.at(-1) - ticks[0])
  for (const tick of ticks) {
    rule(brush, y(tick))
    text(brush, amount(tick), EDGE, y(tick) - 8, { font: '500 24px', color: '--muted' })
  }
  for (const line of lines) stroke(brush, line, line.points.map((v, i) => [x(i), y(v)]))
  return top + CHART
}

function stroke({ ctx, color }, { index }, points) {
  ctx.strokeStyle = color(HUES[index % HUES.length])
  ctx.lineWidth = 7
  ctx.lineJoin = 'round'
  ctx.setLineDash(DASHES[index % DASHES.length])
  ctx.beginPath()
  points.forEach(([x, y], i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)))
  ctx.stroke()
  ctx.setLineDash([])
}

function rule({ ctx, color }, y) {
  ctx.fillStyle = color('--line')
  ctx.fillRect(EDGE, y, W - 2 * EDGE, 2)
}

function text({ ctx, color }, words, x, y, { font, color: name = '--text', align = 'left', room = Infinity }) {
  ctx.font = `${font} Inter, system-ui, sans-serif`
  ctx.fillStyle = color(name)
  ctx.textAlign = align
  ctx.fillText(fitted(words, room, (s) => ctx.measureText(s).width), x, y)
}

/** PURE: as much of the words as there is room for. */
export function fitted(words, room, widthOf) {
  if (widthOf(words) <= room) return words
  const letters = [...words]
  while (letters.length > 1 && widthOf(`${letters.join('')}…`) > room) letters.pop()
  return `${letters.join('').trimEnd()}…`
}
