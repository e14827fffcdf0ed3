// motion.js: the few movements of the page; all stand still for those who prefer it.
const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches

/** A potted ball flies from its button to its player. */
export function fly(from, to) {
  const ball = from?.querySelector('.ball')
  if (!ball || !to || still()) return
  const a = ball.getBoundingClientRect()
  const b = to.getBoundingClientRect()
  const ghost = ball.cloneNode()
  ghost.className += ' flying'
  Object.assign(ghost.style, { left: `${a.left}px`, top: `${a.top}px`, width: `${a.width}px`, height: `${a.height}px` })
  document.body.append(ghost)
  const dx = b.left + 80 - a.left
  const dy = b.top + b.height / 2 - a.top - a.height / 2
  ghost.animate([{ transform: 'none' }, { transform: `translate(${dx}px, ${dy}px) scale(.4)`, opacity: 0.6 }], { duration: 200, easing: 'ease-in' })
    .finished.finally(() => ghost.remove())
}

/** Calls `show` with the whole numbers between two values; returns a way to stop. */
export function count(from, to, show) {
  if (from === to || still() || document.hidden) return void show(to)
  const start = performance.now()
  let frame = requestAnimationFrame(function step(now) {
    const part = Math.min(1, (now - start) / 300)
    show(part === 1 ? to : from + Math.round((to - from) * part))
    if (part < 1) frame = requestAnimationFrame(step)
  })
  return () => cancelAnimationFrame(frame)
}
