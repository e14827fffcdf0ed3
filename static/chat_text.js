// chat_text.js: PURE. What may be said in a chat, counted as a person counts it.

export const CONTENT_MAX = 4000
/** From here on the writer is told how much is left. */
export const COUNTED_FROM = 3600
/** The server reads no frame above 16 KiB; what is longer goes over REST. */
export const FRAME_MAX = 16 * 1024

const segmenter = globalThis.Intl?.Segmenter ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : null

/** Characters: a flag, a family, a letter with its accents are one each. */
export function graphemes(text) {
  if (!segmenter) return [...text].length
  let count = 0
  for (const _ of segmenter.segment(text)) count += 1
  return count
}

/** As the server takes it: pasted control characters go, and what surrounds the words. */
export function tidy(text) {
  return text.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]/gu, '').trim()
}

/** How many characters may still follow; `null` where that is far away. No text has more characters than units. */
export function left(text) {
  return text.length < COUNTED_FROM ? null : countdown(graphemes(text))
}

const countdown = (count) => (count < COUNTED_FROM ? null : CONTENT_MAX - count)

/** Whether it may be sent. */
export function isSayable(text) {
  const content = tidy(text)
  return content !== '' && (content.length <= CONTENT_MAX || graphemes(content) <= CONTENT_MAX)
}

export const fitsFrame = (frame) => new TextEncoder().encode(JSON.stringify(frame)).length <= FRAME_MAX
