// theme.js: a classic script in the head, so that the stored theme holds before the first paint.
(() => {
  const stored = (() => { try { return localStorage.getItem('artel.theme') } catch { return null } })()
  if (stored === 'dark' || stored === 'light') document.documentElement.dataset.theme = stored
})()
