// What is wrong with a screen as it stands: what axe-core objects to, text that is cut off, text that lies on other text.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A line for each thing that axe-core objects to. `only`: the rules to ask for, else all that it has by default. */
export async function axeFaults(page, only) {
  // Not by a script element: the page's policy lets no script in that is not its own.
  if (!await page.evaluate(() => Boolean(window.axe))) await page.evaluate(AXE)
  return page.evaluate(async (rules) => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'], ...(rules && { runOnly: rules }) })
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.any.concat(node.all, node.none).map(({ message }) => message).join('; ').slice(0, 240)}`))
  }, only)
}

/** Text that sticks out of what clips it, where nothing says so by an ellipsis, and whatever is wider than the screen. */
export function cutText(page) {
  return page.evaluate(() => {
    const found = []
    // The last marks fill what room there is, older ones go out of sight.
    const isShown = (element) => !element.closest('.hidden, svg, option, textarea, .recent') && element.checkVisibility() && element.offsetWidth > 1
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      if (!text.data.trim() || !isShown(text.parentElement)) continue
      const range = document.createRange()
      range.selectNodeContents(text)
      const { left, right, top, bottom } = range.getBoundingClientRect()
      const what = `«${text.data.trim().slice(0, 40)}»`
      let scrolls = false
      for (let around = text.parentElement; around && around !== document.body; around = around.parentElement) {
        const { overflowX, overflowY, textOverflow } = getComputedStyle(around)
        if (textOverflow === 'ellipsis' || around.matches('pre')) break
        const box = around.getBoundingClientRect()
        if (overflowX !== 'visible' && (right > box.right + 1 || left < box.left - 1)) found.push(`${what} is cut off by ${around.className}`)
        scrolls ||= ['auto', 'scroll'].includes(overflowY)
        if (overflowY === 'hidden' && !scrolls && (bottom > box.bottom + 2 || top < box.top - 2)) found.push(`${what} is cut off below by ${around.className}`)
        if (around.matches('dialog')) break
      }
    }
    for (const box of [document.scrollingElement, ...document.querySelectorAll('dialog[open]')]) {
      if (box.scrollWidth > box.clientWidth + 1) {
        const outside = [...box.querySelectorAll('*')].find((element) => element.getBoundingClientRect().right > box.getBoundingClientRect().left + box.clientWidth + 1)
        found.push(`wider than the screen: ${box.scrollWidth} > ${box.clientWidth}: ${outside?.outerHTML.slice(0, 120)}`)
      }
    }
    return [...new Set(found)]
  })
}

/** Two pieces of text of one row that lie on each other. */
export function overlaps(page) {
  return page.evaluate(() => {
    const ROWS = '.player, .row, .pay, .undo, .recent li, .acts button, .bar, .tabs button, .seat-line, .user-line, .notice, .award, .log li, .club-table, .col, .strip li, .totals dl div, .say, summary'
    const found = []
    // As much of it as nothing around it cuts off.
    const clipped = (rect, element) => {
      let { left, right, top, bottom } = rect
      for (let around = element; around && around !== document.body; around = around.parentElement) {
        if (getComputedStyle(around).overflow === 'visible') continue
        const box = around.getBoundingClientRect()
        ;[left, right, top, bottom] = [Math.max(left, box.left), Math.min(right, box.right), Math.max(top, box.top), Math.min(bottom, box.bottom)]
      }
      return { left, right, top, bottom }
    }
    const lines = (row) => {
      const all = []
      const texts = document.createTreeWalker(row, NodeFilter.SHOW_TEXT)
      for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        const element = text.parentElement
        if (!text.data.trim() || element.closest('.hidden') || !element.checkVisibility()) continue
        const range = document.createRange()
        range.selectNodeContents(text)
        // Letters are not as high as the box that a browser has for them.
        for (const { left, right, top, bottom, height } of range.getClientRects()) all.push({ text, ...clipped({ left, right, top: top + height / 6, bottom: bottom - height / 6 }, element) })
      }
      return all.filter(({ left, right, top, bottom }) => right - left > 1 && bottom - top > 1)
    }
    for (const row of document.querySelectorAll(ROWS)) {
      const all = lines(row)
      for (const [at, one] of all.entries()) {
        if (one.right > innerWidth + 1) found.push(`outside: ${one.text.data}`)
        for (const other of all.slice(at + 1)) {
          if (one.text !== other.text && Math.min(one.right, other.right) - Math.max(one.left, other.left) > 2 && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 3) found.push(`«${one.text.data.trim()}» lies on «${other.text.data.trim()}»`)
        }
      }
    }
    return [...new Set(found)].slice(0, 6)
  })
}

/** What is tapped and smaller than a thumb: 48 px, the rows of players 44. */
export function smallTargets(page) {
  return page.evaluate(() => {
    const found = []
    for (const element of document.querySelectorAll('button, a[href], summary, select, textarea, input')) {
      const target = element.closest('label') ?? element
      if (element.closest('.hidden, [hidden]') || !element.checkVisibility() || element.disabled) continue
      const { width, height } = target.getBoundingClientRect()
      if (width <= 1) continue
      const after = getComputedStyle(target, '::after')
      const reach = after.position === 'absolute' && after.content !== 'none' ? -2 * Math.min(0, parseFloat(after.top) || 0) : 0
      const least = target.matches('.player') ? 44 : 48
      if (Math.min(width, height) + reach < least - 0.5) found.push(`smaller than a thumb: ${Math.round(width)} x ${Math.round(height)} ${(element.ariaLabel ?? target.textContent).trim().slice(0, 30)} ${element.className}`)
    }
    return [...new Set(found)]
  })
}
