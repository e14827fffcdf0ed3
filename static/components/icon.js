// The line icons of the page, drawn here so that no font has to carry them.
import { html } from '../html.js'

const paths = {
  back: 'M15 5l-7 7 7 7',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  qr: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2',
  log: 'M5 6h14M5 12h14M5 18h9',
  tables: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6',
  stats: 'M5 20v-7M12 20V5M19 20v-10',
  me: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M4 21c1-4 4-6 8-6s7 2 8 6',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M12 8v4l3 2',
  arrow: 'M5 12h14M13 6l6 6-6 6',
  up: 'M6 15l6-6 6 6',
  down: 'M6 9l6 6 6-6',
  close: 'M6 6l12 12M18 6L6 18',
  tv: 'M3 5h18v12H3zM8 21h8',
}

export function Icon({ name, size = 20 }) {
  return html`<svg class="ic" width=${size} height=${size} viewBox="0 0 24 24" aria-hidden="true"><path d=${paths[name]} /></svg>`
}
