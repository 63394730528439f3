/**
 * The moment that a message names: "resets 9:23am (UTC)", "resets Nov 24, 3:20pm (Europe/Berlin)",
 * "It resets at 20:44 (UTC)", or the seconds at the end of "usage limit reached|1760000000". A time without a day is
 * the next such time after the refusal.
 */
export function resetInText(text: string, saidAtMs: number): number | undefined {
  const seconds = /limit reached\|(\d{10})\b/.exec(text)?.[1]
  if (seconds !== undefined) return Number(seconds) * 1000
  const plain = text.replaceAll(/\s+/g, ' ')
  const found = pattern.exec(plain)?.groups
  if (found === undefined) return undefined
  const time = timeOf(found)
  const zone = zoneOf(found['zone'])
  if (time === undefined || zone === undefined) return undefined
  const month = months.indexOf((found['month'] ?? found['monthAfter'] ?? '').toLowerCase())
  const day = Number(found['day'] ?? found['dayBefore'])
  const saidYear = new Date(saidAtMs).getUTCFullYear()
  if (month >= 0 && day >= 1 && day <= 31) {
    const inYear = (year: number): number => momentIn(zone, Date.UTC(year, month, day, ...time))
    const first = inYear(saidYear)
    // "Jan 2", said in December, is of the next year.
    return first < saidAtMs - halfYearMs ? inYear(saidYear + 1) : first
  }
  return nextTime(time, zone, saidAtMs)
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ')
const names = months.join('|')
const pattern = new RegExp(
  `resets? (?:at |on )?(?:(?:\\w{3} )?(?:(?<month>${names})\\w* (?<day>\\d{1,2})|(?<dayBefore>\\d{1,2}) (?<monthAfter>${names})\\w*),? (?:at )?)?(?<hour>\\d{1,2})(?::(?<minute>\\d{2}))? ?(?<half>[ap]m)?(?: ?\\((?<zone>[\\w/+-]{1,40})\\))?`,
  'i',
)

const dayMs = 24 * 60 * 60 * 1000
const halfYearMs = 182 * dayMs

function timeOf(
  found: Readonly<Record<string, string | undefined>>,
): readonly [number, number] | undefined {
  const half = found['half']?.toLowerCase()
  const said = Number(found['hour'])
  // A bare number without minutes or half of the day is no time.
  if (half === undefined && found['minute'] === undefined) return undefined
  const hour = half === undefined ? said : (said % 12) + (half === 'pm' ? 12 : 0)
  const minute = Number(found['minute'] ?? 0)
  return hour < 24 && minute < 60 ? [hour, minute] : undefined
}

/** Without a zone the client wrote local time, and this may be another machine: then nothing is said. */
function zoneOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return text
  } catch {
    return undefined
  }
}

function nextTime(time: readonly [number, number], zone: string, saidAtMs: number): number {
  const there = new Date(saidAtMs + offsetMs(zone, saidAtMs))
  for (const ahead of [0, 1]) {
    const [year, month, day] = [there.getUTCFullYear(), there.getUTCMonth(), there.getUTCDate()]
    const moment = momentIn(zone, Date.UTC(year, month, day + ahead, ...time))
    // The minute that is named may have begun when it was said.
    if (moment > saidAtMs - 60_000) return moment
  }
  return saidAtMs
}

/** The moment at which a clock in the zone shows this wall time, which is given as if it were UTC. */
function momentIn(zone: string, wallMs: number): number {
  const first = wallMs - offsetMs(zone, wallMs)
  return wallMs - offsetMs(zone, first)
}

function offsetMs(zone: string, atMs: number): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  }).formatToParts(atMs)
  const part = (type: string): number =>
    Number(parts.find((each) => each.type === type)?.value ?? Number.NaN)
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'))
  return wall - Math.floor(atMs / 60_000) * 60_000
}
