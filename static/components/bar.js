// The top line of a screen: where one is, the way back, and at most three buttons.
import { html, useEffect, useRef } from '../html.js'
import { t } from '../i18n.js'
import { go } from '../router.js'
import { Icon } from './icon.js'

// The first screen of a visit takes nobody's focus.
let isFirst = true

export function Bar({ title, sub, back, children }) {
  const heading = useRef(null)
  useEffect(() => {
    // What is being typed in beside goes on.
    const isIdle = !document.activeElement || document.activeElement === document.body
    if (!isFirst && isIdle) heading.current.focus({ preventScroll: true })
    isFirst = false
  }, [])
  useEffect(() => { document.title = title === 'Artel' ? title : `${title} · Artel` }, [title])
  return html`<header class="bar">
    ${back && html`<${BarButton} icon="back" label=${t('nav.back')} onClick=${() => go(back)} testid="back" />`}
    <h1 ref=${heading} tabindex="-1" data-testid="title">${title}${sub && html`<small>${sub}</small>`}</h1>
    ${children}
  </header>`
}

export function BarButton({ icon, label, onClick, testid }) {
  return html`<button type="button" class="icon" aria-label=${label} title=${label} data-testid=${testid} onClick=${onClick}>
    <${Icon} name=${icon} /></button>`
}
