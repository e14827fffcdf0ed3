// One user in a list: the face and the names lead to his page; what can be done at once stands beside it.
import { html } from '../html.js'
import { called } from '../names.js'
import { go } from '../router.js'
import { Face } from './face.js'

export const shadeOf = (id) => Number.parseInt(id.slice(-2), 16) || 0

export function UserLine({ user, sub, children, testid }) {
  return html`<div class="user-line" data-testid=${testid} data-user=${user.id}>
    <button type="button" class="user" onClick=${() => go(`/users/${user.id}`)}><${Face} name=${called(user.display_name)} index=${shadeOf(user.id)} />
      <span class="who"><b class="name">${called(user.display_name)}</b>${(sub || user.username) && html`<span class="said">${sub ?? `@${user.username}`}</span>`}</span></button>
    ${children && html`<span class="does">${children}</span>`}
  </div>`
}
