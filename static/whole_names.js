// whole_names.js: a name that is too long for its line is shown whole where it is tapped, until something else is.

const HOLDERS = '.player, .row, .pay, .match'

/** PURE: does it need more room than it has? */
export const isCut = (element) => element.scrollWidth > element.clientWidth

document.addEventListener('click', ({ target }) => {
  // The label of a name passes the tap on to its box.
  if (target.matches?.('input')) return
  const holder = target.closest?.(HOLDERS) ?? target.closest?.('.name')?.parentElement
  const names = [...(holder?.querySelectorAll('.name') ?? [])]
  const isWhole = names.some((name) => name.classList.contains('whole'))
  for (const name of document.querySelectorAll('.name.whole')) name.classList.remove('whole')
  if (!isWhole) for (const name of names.filter(isCut)) name.classList.add('whole')
})
