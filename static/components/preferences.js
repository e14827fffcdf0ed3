// Language and theme: this phone's own matters, kept on it.
import { html, useState } from '../html.js'
import { lang, setLang, t } from '../i18n.js'
import { useStore } from '../store.js'
import { Choice } from './choice.js'

export function LangChoice() {
  return html`<${Choice} name="lang" label=${t('me.language')} value=${useStore(lang)} options=${[['ru', 'Русский'], ['en', 'English']]} onChange=${setLang} />`
}

export function ThemeChoice() {
  const [theme, set] = useState(document.documentElement.dataset.theme ?? 'auto')
  const choose = (next) => {
    if (next === 'auto') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = next
    try { localStorage.setItem('artel.theme', next) } catch { /* it still holds until the next load */ }
    set(next)
  }
  return html`<${Choice} name="theme" label=${t('me.theme')} value=${theme} options=${['auto', 'dark', 'light'].map((o) => [o, t(`me.theme.${o}`)])} onChange=${choose} />`
}
