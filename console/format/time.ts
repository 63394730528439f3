/** Moments (UTC milliseconds) in the reader's own zone and locale. `nowMs` is the server's clock, see data/server-clock.ts. */

const time = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const timeToTheSecond = new Intl.DateTimeFormat(undefined, {
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
})
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' })
const dayOfYear = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
})
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })

/** "18:05" today, else "Mon, 23 Nov 18:05", with the year where it is another. */
export const clock = (atMs: number, nowMs: number): string => at(atMs, nowMs, time)

/** The same to the second. */
export const clockToTheSecond = (atMs: number, nowMs: number): string =>
  at(atMs, nowMs, timeToTheSecond)

function at(atMs: number, nowMs: number, clockTime: Intl.DateTimeFormat): string {
  const text = clockTime.format(atMs)
  return isSameDay(atMs, nowMs) ? text : `${date(atMs, nowMs)} ${text}`
}

/** "18:05" of any day, for axes. */
export const timeOfDay = (atMs: number): string => time.format(atMs)

/** "Mon, 23 Nov", with the year where it is another. */
export const date = (atMs: number, nowMs: number): string =>
  (new Date(atMs).getFullYear() === new Date(nowMs).getFullYear() ? day : dayOfYear).format(atMs)

const isSameDay = (left: number, right: number): boolean =>
  new Date(left).toDateString() === new Date(right).toDateString()

/** Day, time and zone in full, for a tip. */
export const wholeMoment = (atMs: number): string => whole.format(atMs)

/** "Europe/Berlin": the zone that all clock times of the console are in. */
export const readersZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone

const secondsPerMinute = 60
const minutesPerHour = 60
const hoursPerDay = 24

/** "in 3 h 12 min"; minutes and seconds round up, so that nobody is told to come too early. */
export const countdown = (atMs: number, nowMs: number): string =>
  `in ${span(Math.ceil(Math.max(0, atMs - nowMs) / 1000))}`

/** "3 h 12 min ago"; rounds down, and says "just now" within a second. */
export function ago(atMs: number, nowMs: number): string {
  const seconds = Math.floor(Math.max(0, nowMs - atMs) / 1000)
  if (seconds < 1) return 'just now'
  const even = seconds - (seconds < secondsPerMinute ? 0 : seconds % secondsPerMinute)
  return `${span(even)} ago`
}

/** A span of whole seconds in its two largest units. */
export function span(seconds: number): string {
  if (seconds < secondsPerMinute) return `${seconds} s`
  const minutes = Math.ceil(seconds / secondsPerMinute)
  if (minutes < minutesPerHour) return `${minutes} min`
  const hours = Math.floor(minutes / minutesPerHour)
  if (hours < hoursPerDay) return pair([hours, 'h'], [minutes % minutesPerHour, 'min'])
  return pair([Math.floor(hours / hoursPerDay), 'd'], [hours % hoursPerDay, 'h'])
}

const pair = (large: [number, string], small: [number, string]): string =>
  small[0] === 0 ? large.join(' ') : `${large.join(' ')} ${small.join(' ')}`
