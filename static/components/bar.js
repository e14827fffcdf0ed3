// The top line of a screen: where one is, the way back, and at most two buttons.
import { html, useEffect } from '../html.js'
import { t } from '../i18n.js'
import { go } from '../router.js'
import { Icon } from './icon.js'

export function Bar({ title, sub, back, children }) {
  useEffect(() => { document.title = title === 'Artel' ? title : `${title} · Artel` }, [title])
  return html`<header class="bar">
    ${back && html`<${BarButton} icon="back" label=${t('nav.back')} onClick=${() => go(back)} testid="back" />`}
    <h1 data-testid="title">${title}${sub && html`<small>${sub}</small>`}</h1>
    ${children}
  </header>`
}

export function BarButton({ icon, label, onClick, testid }) {
  return html`<button type="button" class="icon" aria-label=${label} title=${label} data-testid=${testid} onClick=${onClick}>
    <${Icon} name=${icon} /></button>`
}
