import type { LimitFigures } from '../core/decision.ts'
import { formatMoney, type Nanos } from '../core/money.ts'
import type { Unit } from '../core/usage.ts'

/** Numbers, moments and names as sentences for people need them. */

const centNanos = 10_000_000n

/**
 * Whole cents, cut off and not rounded, so that what stands below a cap never reads as the cap; less than
 * a cent in full.
 */
export function readableMoney(nanos: Nanos, symbol = '$'): string {
  const isWhole = nanos >= centNanos || nanos <= -centNanos
  return formatMoney(isWhole ? nanos - (nanos % centNanos) : nanos, symbol)
}

const wholeNumber = new Intl.NumberFormat('en-US')

export function readableAmount(amount: bigint, unit: Unit, symbol = '$'): string {
  switch (unit) {
    case 'money':
      return readableMoney(amount, symbol)
    case 'tokens':
      return `${wholeNumber.format(amount)} tokens`
    case 'requests':
      return `${wholeNumber.format(amount)} request${amount === 1n ? '' : 's'}`
  }
}

const windowWords: Readonly<Record<LimitFigures['windowKind'], string>> = {
  session: 'session limit',
  week: 'weekly limit',
  month: 'monthly limit',
  day: 'daily limit',
}

/** "weekly limit for claude-opus models" */
export function limitName({ windowKind, models }: LimitFigures): string {
  const scope = models === null ? '' : ` for ${models.join(', ')} models`
  return `${windowWords[windowKind]}${scope}`
}

export type Reading = { readonly nowMs: number; readonly timeZone: string }

/** "14:20 (Europe/Berlin)", "Tue 24 Nov at 09:00 (UTC)": the day only where it is another one. */
export function readableMoment(atMs: number, { nowMs, timeZone }: Reading): string {
  const { zone, day, clock } = zoneWords(timeZone)
  const isToday = atMs - nowMs < 86_400_000 && day.format(atMs) === day.format(nowMs)
  return `${isToday ? '' : `${day.format(atMs)} at `}${clock.format(atMs)} (${zone})`
}

type ZoneWords = {
  readonly zone: string
  readonly day: Intl.DateTimeFormat
  readonly clock: Intl.DateTimeFormat
}

/** Making a formatter takes longer, and more memory outside the heap, than all else that a refusal does. */
const wordsByZone = new Map<string, ZoneWords>()
const zonesMax = 50

function zoneWords(timeZone: string): ZoneWords {
  const known = wordsByZone.get(timeZone)
  if (known !== undefined) return known
  const zone = knownZone(timeZone)
  const made = {
    zone,
    day: new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      weekday: 'short',
      day: 'numeric',
      month: 'short',
    }),
    clock: new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }),
  }
  if (wordsByZone.size >= zonesMax) wordsByZone.clear()
  wordsByZone.set(timeZone, made)
  return made
}

function knownZone(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone }).resolvedOptions().timeZone
  } catch {
    return 'UTC'
  }
}

/** "in 2 h 5 min", with the two largest parts; never early. */
export function readableWait(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.ceil((atMs - nowMs) / 1000))
  if (seconds < 60) return `in ${seconds} s`
  const minutes = Math.ceil(seconds / 60)
  const parts = [
    [Math.floor(minutes / 1440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  const told = parts.slice(first, first + 2).filter(([count]) => count > 0)
  return `in ${told.map(([count, unit]) => `${count} ${unit}`).join(' ')}`
}
