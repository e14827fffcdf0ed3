// Whether this device is told of notifications while the page is closed, and why it can't be.
import { html, useEffect, useState } from '../html.js'
import { t } from '../i18n.js'
import { isOn, obstacle, turnOff, turnOn } from '../push.js'
import { useAsked } from './asked.js'
import { Switch } from './choice.js'
import { Problem } from './problem.js'

/** `onTurnedOn`: called once this device is told. */
export function PushSwitch({ server, onTurnedOn }) {
  const [on, set] = useState(null)
  const { ask, busy, error } = useAsked()
  useEffect(() => { isOn().then(set) }, [])
  const turn = async (wanted) => {
    await ask(() => (wanted ? turnOn(server.push_public_key) : turnOff()))
    const now = await isOn()
    // What was not taken jumps back.
    set(now)
    if (wanted && now) onTurnedOn()
  }
  const why = obstacle(server)
  return html`<${Switch} label=${t('push.title')} hint=${t(`push.${why ?? 'hint'}`)} value=${Boolean(on) && !why} disabled=${why !== null || on === null || busy} onChange=${turn} testid="push" />
    <${Problem} error=${error} />`
}
