// The messages of a chat from old to new: stays at the end while one is there, loads what was before when one scrolls up,
// and says that all was read once the end was seen.
import { html, useEffect, useLayoutEffect, useRef, useState } from '../html.js'
import { dayWord, t } from '../i18n.js'
import { firstUnread, lastNumber, rows } from '../chat_state.js'
import { Icon } from './icon.js'
import { Message } from './message.js'

const NEAR = 48
const FAR_UP = 400
const SETTLED_MS = 500

export function MessageLog({ talk, state, lines, called, mayDelete, focused, editing, onEdit, onEscape }) {
  const log = useRef(null)
  const place = useRef({ atEnd: true, before: null, marked: undefined, placed: false })
  const [atEnd, setAtEnd] = useState(true)
  const [seen, setSeen] = useState(0)
  const [openKey, open] = useState(null)
  const [settled, settle] = useState(false)
  const visible = useVisible()
  const { id } = state
  const loaded = state.from != null
  const last = lastNumber(state)
  // The line above what was unread when the chat was opened stays where it was.
  if (place.current.marked === undefined && loaded && state.chat) place.current.marked = firstUnread(state)
  const all = rows(lines, { now: Date.now(), unreadFrom: place.current.marked, me: talk.me })
  const lastOwn = lines.findLast((line) => line.own)?.key

  useLayoutEffect(() => {
    const box = log.current
    const at = place.current
    if (!at.placed && loaded && state.chat) {
      at.placed = true
      const mark = box.querySelector('[data-row=unread]')
      box.scrollTop = mark ? mark.offsetTop - box.clientHeight / 4 : box.scrollHeight
    } else if (at.before) {
      box.scrollTop = at.before.top + box.scrollHeight - at.before.height
      at.before = null
    } else if (at.atEnd) box.scrollTop = box.scrollHeight
    look()
  }, [state.messages, state.from, lines.length, Boolean(state.chat)])
  useLayoutEffect(() => toEnd(), [lastOwn])
  useEffect(() => {
    // The keyboard of a phone, or a longer text, takes room from below.
    const box = log.current
    const watch = new ResizeObserver(() => { if (place.current.atEnd) box.scrollTop = box.scrollHeight })
    watch.observe(box)
    return () => watch.disconnect()
  }, [])
  useEffect(() => {
    if (atEnd && visible && loaded && last > state.mine) talk.read(id)
    if (atEnd) setSeen(last)
  }, [atEnd, visible, loaded, last, state.mine])
  // What was there before is not read aloud, what comes is.
  useEffect(() => {
    if (!loaded) return undefined
    const timer = setTimeout(() => settle(true), SETTLED_MS)
    return () => clearTimeout(timer)
  }, [loaded])
  useEffect(() => { if (focused && !finePointer()) log.current.focus({ preventScroll: true }) }, [])

  function toEnd() {
    if (log.current && place.current.placed) log.current.scrollTop = log.current.scrollHeight
    look()
  }

  function look() {
    const box = log.current
    const end = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR
    place.current.atEnd = end
    if (end !== atEnd) setAtEnd(end)
    if (loaded && !state.start && box.scrollTop < FAR_UP && !place.current.before) older()
  }

  async function older() {
    const box = log.current
    place.current.before = { top: box.scrollTop, height: box.scrollHeight }
    const scrolled = () => { if (place.current.before) place.current.before.top = box.scrollTop }
    box.addEventListener('scroll', scrolled, { passive: true })
    await talk.older(id)
    box.removeEventListener('scroll', scrolled)
    requestAnimationFrame(() => {
      place.current.before = null
      // Where that was not enough to scroll by, nobody else would ask for more.
      if (log.current && !talk.store(id).get().error) look()
    })
  }

  const missed = atEnd ? 0 : lines.filter((line) => !line.own && line.message?.number > seen).length
  const keys = (event) => { if (event.key === 'Escape' && openKey) { event.preventDefault(); event.stopPropagation(); open(null) } else if (event.key === 'Escape') onEscape?.() }
  return html`<div class="log-box">
    <div class="says" role="log" aria-live=${settled && !place.current.before ? 'polite' : 'off'} aria-relevant="additions" aria-label=${t('chat.log')} tabindex="0" autofocus=${focused && !finePointer()}
        ref=${log} onScroll=${look} onKeyDown=${keys} data-testid="chat-log">
      ${!loaded ? html`<p class="quiet center">${state.error ? '' : t('state.loading')}</p>`
        : state.start && lines.length === 0 ? html`<p class="quiet center empty" data-testid="chat-empty">${t('chat.empty')}</p>`
          : !state.start && html`<p class="quiet center older">${t('chat.older')}</p>`}
      <ol>${all.map((row) => row.kind === 'day' ? html`<li class="between" key=${row.key}><span>${dayWord(row.at)}</span></li>`
        : row.kind === 'unread' ? html`<li class="between new" key="unread" data-row="unread"><span>${t('chat.new_from_here')}</span></li>`
          : html`<${Message} key=${row.key} row=${row} talk=${talk} chat=${id} person=${called(row.sender)} isDirect=${state.chat?.kind === 'direct'} mayDelete=${mayDelete}
            isOpen=${openKey === row.key} isEdited=${editing === row.key} onOpen=${() => open(openKey === row.key ? null : row.key)} onEdit=${onEdit && (() => { open(null); onEdit(row.key) })} />`)}</ol>
    </div>
    ${!atEnd && html`<button type="button" class="to-end" data-testid="to-end" onClick=${toEnd}><${Icon} name="down" size=${18} />
      ${missed > 0 ? t('chat.new', { n: missed }) : html`<span class="hidden">${t('chat.to_end')}</span>`}</button>`}
  </div>`
}

export const finePointer = () => matchMedia('(hover: hover) and (pointer: fine)').matches

function useVisible() {
  const is = () => document.visibilityState === 'visible'
  const [visible, set] = useState(is)
  useEffect(() => {
    const changed = () => set(is())
    document.addEventListener('visibilitychange', changed)
    return () => document.removeEventListener('visibilitychange', changed)
  }, [])
  return visible
}
