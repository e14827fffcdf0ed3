// What this phone does of itself: it sounds, and buzzes where it can.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { buzzes, canBuzz, setBuzz } from '../signal.js'
import { setSound, sound } from '../sound.js'
import { useStore } from '../store.js'
import { Switch } from './choice.js'

export function SoundSwitch() {
  return html`<${Switch} label=${t('sound.title')} hint=${t('sound.hint')} value=${useStore(sound)} testid="sound" onChange=${setSound} />`
}

export function BuzzSwitch() {
  const on = useStore(buzzes)
  return canBuzz() && html`<${Switch} label=${t('buzz.title')} hint=${t('buzz.hint')} value=${on} testid="buzz" onChange=${setBuzz} />`
}
