// Friends to be ticked; those who are left out are in it already.
import { html } from '../html.js'
import { Face } from './face.js'
import { shadeOf } from './user_line.js'

export function FriendTicks({ friends, chosen, onChange }) {
  const turn = (id, isOn) => onChange(isOn ? [...chosen, id] : chosen.filter((one) => one !== id))
  return html`<div class="rows">${friends.map((user) => html`<label class="tick-line" key=${user.id} data-testid="friend-tick"><${Face} name=${user.display_name} index=${shadeOf(user.id)} />
    <span class="who"><b class="name">${user.display_name}</b>${user.username && html`<span class="said">@${user.username}</span>`}</span>
    <input type="checkbox" checked=${chosen.includes(user.id)} onChange=${(e) => turn(user.id, e.target.checked)} /></label>`)}</div>`
}
