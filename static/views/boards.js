// The screens over a table, on a TV and over a stream, loaded together.
export { Board } from './board.js'
export { Overlay } from './overlay.js'
export { Tv } from './tv.js'
