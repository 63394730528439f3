/** Moments for a person: the clock where the reader is, and how far away it is. */
export type Reader = {
  readonly nowMs: number
  /** IANA zone; the machine's own where absent. */
  readonly zone?: string | undefined
}

/** "18:05" today, else "Mon 23 Nov 18:05", with the year where it is another one. */
export function localMoment(atMs: number, reader: Reader): string {
  const at = partsOf(atMs, reader.zone)
  const now = partsOf(reader.nowMs, reader.zone)
  const time = `${at.hour}:${at.minute}`
  if (at.year !== now.year) return `${at.day} ${at.month} ${at.year} ${time}`
  if (at.month === now.month && at.day === now.day) return time
  return `${at.weekday} ${at.day} ${at.month} ${time}`
}

/** "18:05:09" today, else "Mon 23 Nov 18:05:09". */
export function localMomentToTheSecond(atMs: number, reader: Reader): string {
  return `${localMoment(atMs, reader)}:${partsOf(atMs, reader.zone).second}`
}

/** "18:05:09", for lines that stand under their day. */
export function timeToTheSecond(atMs: number, { zone }: Reader): string {
  const { hour, minute, second } = partsOf(atMs, zone)
  return `${hour}:${minute}:${second}`
}

/** "Mon 23 Nov 2026". */
export function dayOf(atMs: number, { zone }: Reader): string {
  const { weekday, day, month, year } = partsOf(atMs, zone)
  return `${weekday} ${day} ${month} ${year}`
}

/** "Mon 23 Nov 18:05 (in 3 h 12 min)". */
export const momentWithDistance = (atMs: number, reader: Reader): string =>
  `${localMoment(atMs, reader)} (${distance(atMs, reader.nowMs)})`

/** A span stays on one line. */
const space = '\u{a0}'

/** "in 3 h 12 min", "2 min ago", "now". Minutes and seconds round up ahead, so that nobody is told to come too early. */
export function distance(atMs: number, nowMs: number): string {
  const isAhead = atMs > nowMs
  const seconds = isAhead ? Math.ceil((atMs - nowMs) / 1000) : Math.floor((nowMs - atMs) / 1000)
  if (seconds === 0) return 'now'
  const span = duration(seconds, isAhead)
  return isAhead ? `in${space}${span}` : `${span}${space}ago`
}

function duration(seconds: number, isRoundingUp: boolean): string {
  if (seconds < 60) return `${seconds}${space}s`
  const minutes = isRoundingUp ? Math.ceil(seconds / 60) : Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}${space}min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return joined([hours, 'h'], [minutes % 60, 'min'])
  return joined([Math.floor(hours / 24), 'd'], [hours % 24, 'h'])
}

type Measure = readonly [number, string]

const joined = (large: Measure, small: Measure): string =>
  small[0] === 0 ? large.join(space) : [...large, ...small].join(space)

type Parts = Record<'weekday' | 'day' | 'month' | 'year' | 'hour' | 'minute' | 'second', string>

function partsOf(atMs: number, zone: string | undefined): Parts {
  const format = new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZone: zone,
  })
  const parts: Parts = {
    weekday: '',
    day: '',
    month: '',
    year: '',
    hour: '',
    minute: '',
    second: '',
  }
  for (const { type, value } of format.formatToParts(atMs))
    if (type in parts) Object.assign(parts, { [type]: value })
  return parts
}
