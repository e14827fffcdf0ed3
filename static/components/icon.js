// The line icons of the page, drawn here so that no font has to carry them.
import { html } from '../html.js'

const paths = {
  back: 'M15 5l-7 7 7 7',
  on: 'M9 5l7 7-7 7',
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
  chat: 'M7 4h10a3 3 0 0 1 3 3v6a3 3 0 0 1-3 3h-6l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5V7a3 3 0 0 1 3-3z',
  send: 'M5 12l15-7-6 15-3-6z',
  check: 'M5 13l4 4L19 7',
  write: 'M5 19l1-4L16 5l3 3L9 18z',
  scan: 'M4 8V5a1 1 0 0 1 1-1h3M16 4h3a1 1 0 0 1 1 1v3M20 16v3a1 1 0 0 1-1 1h-3M8 20H5a1 1 0 0 1-1-1v-3M4 12h16',
  undo: 'M4 9h9a6 6 0 0 1 0 12h-4M9 4L4 9l5 5',
  redo: 'M20 9h-9a6 6 0 0 0 0 12h4M15 4l5 5-5 5',
  keys: 'M3 7h18v10H3zM7 11h.01M11 11h.01M15 11h.01M8 14h8',
  bell: 'M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 21h4',
  people: 'M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M2.5 20c.8-3.6 3.3-5.3 6.5-5.300s5.7 1.7 6.5 5.300M16 5.300a3.5 3.5 0 0 1 0 6.400M18 15c2 .8 3.2 2.5 3.7 5',
  cup: 'M7 4h10v6a5 5 0 0 1-10 0zM7 6H4c0 3 1 4.5 3.3 5M17 6h3c0 3-1 4.5-3.3 5M12 15v4M8 20h8',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l4.5 4.5',
  add: 'M12 5v14M5 12h14',
  lock: 'M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3',
  devices: 'M7 3h10v18H7zM11 18h2',
  next: 'M9 5l7 7-7 7',
  sliders: 'M4 8h10M18 8h2M16 6v4M4 16h2M10 16h10M8 14v4',
  bin: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13',
  file: 'M7 3h7l4 4v14H7zM14 3v4h4',
  tv: 'M3 5h18v12H3zM8 21h8',
  fill: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
}

/** `size`: in pixels of text of the usual size, with which it grows. */
export function Icon({ name, size = 20 }) {
  const side = `${size / 16}rem`
  return html`<svg class="ic" width=${side} height=${side} viewBox="0 0 24 24" aria-hidden="true"><path d=${paths[name]} /></svg>`
}
