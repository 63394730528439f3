import type { Step } from './usage-series.ts'

/** How hours and days are called, in the reader's locale and zone. */
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
/** An hour begins at its full hour, so "4 AM" says it all; where clocks count to 24, minutes show that it is a time. */
const hour = new Intl.DateTimeFormat(
  undefined,
  time.resolvedOptions().hour12 === true
    ? { hour: 'numeric' }
    : { hour: '2-digit', minute: '2-digit' },
)
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const dayInFull = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
})

/** "Mon, 23 Nov, 14:00 to 15:00", "Mon, 23 Nov". */
export function bucketText(
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  step: Step,
): string {
  const date = dayInFull.format(startMs)
  return step === 'day' ? date : `${date}, ${time.format(startMs)} to ${time.format(endMs)}`
}

/** For the axis: the time of an hour, and the day where it begins. */
export function tickText(startMs: number, step: Step): string {
  const isMidnight = new Date(startMs).getHours() === 0
  return step === 'day' || isMidnight ? day.format(startMs) : hour.format(startMs)
}
