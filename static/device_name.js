// device_name.js: PURE. What a browser calls itself, as a person would call it.

const BROWSERS = [[/\bEdg(?:A|iOS)?\//, 'Edge'], [/\bOPR\//, 'Opera'], [/\bYaBrowser\//, 'Яндекс Браузер'], [/\bSamsungBrowser\//, 'Samsung Internet'], [/\b(?:Firefox|FxiOS)\//, 'Firefox'], [/\b(?:HeadlessChrome|Chrome|CriOS)\//, 'Chrome'], [/\bSafari\//, 'Safari']]
const SYSTEMS = [[/\biPhone\b/, 'iPhone'], [/\biPad\b/, 'iPad'], [/\bAndroid\b/, 'Android'], [/\bWindows\b/, 'Windows'], [/\bCrOS\b/, 'ChromeOS'], [/\bMac OS X\b/, 'macOS'], [/\bLinux\b/, 'Linux']]

const find = (names, text) => names.find(([pattern]) => pattern.test(text))?.[1]

/** `Chrome, Android`; what is no browser by its first word; `null` where nothing is said. */
export function deviceName(agent) {
  if (!agent) return null
  const known = [find(BROWSERS, agent), find(SYSTEMS, agent)].filter(Boolean)
  return known.length ? known.join(', ') : agent.split(/[\s/]/)[0].slice(0, 40)
}

export const isPhone = (agent) => /\b(?:Mobile|Android|iPhone|iPad)\b/.test(agent ?? '')
