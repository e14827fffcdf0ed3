// The first screen of somebody who is not signed in: what this is, in one sentence and one picture, and the three ways in.
import { html } from '../html.js'
import { t } from '../i18n.js'
import { go } from '../router.js'
import { Bar } from '../components/bar.js'
import { Hero } from '../components/hero.js'
import { LangChoice } from '../components/preferences.js'

// A link into the page, opened by somebody who is not signed in, is gone on with afterwards.
const signIn = () => go(location.pathname === '/' ? '/signin' : `/signin?to=${encodeURIComponent(location.pathname)}`)

export function Welcome() {
  return html`<main class="page welcome" data-testid="welcome">
    <${Bar} title="Artel" sub=${t('auth.slogan')} />
    <${Hero} />
    <div class="sheet">
      <p class="what" data-testid="what">${t('welcome.what')}</p>
      <button type="button" class="big" data-testid="welcome-start" onClick=${() => go('/new')}>${t('welcome.start')}</button>
      <button type="button" class="ghost" data-testid="welcome-join" onClick=${() => go('/join')}>${t('welcome.join')}</button>
      <p class="quiet center">${t('welcome.free')}</p>
      <button type="button" class="text" data-testid="welcome-sign-in" onClick=${signIn}>${t('welcome.sign_in')}</button>
      <div class="grow"></div>
      <${LangChoice} />
    </div>
  </main>`
}
