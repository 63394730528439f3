import type { LimitFigures } from '../core/decision.ts'
import { countTokens, type Unit } from '../core/usage.ts'
import { cellMs, type UsageCell, type UsageSum } from './usage-cells.ts'

/**
 * When a limit runs out, if things go on as they did. The rule, in full:
 *
 * - What counts is what the plan paid on the models of the limit, in the limit's unit, by quarter of an hour.
 * - The *pace* is that of the last hours of this window (`paceSpanMs`: an hour of a session, three hours of a day, a
 *   day of a week, three days of a month), idle time included; less where the window began later.
 * - Where two whole weeks are known and the limit's window is longer than a day, the hours to come follow the
 *   *pattern* of the last weeks (up to four): each hour of the week has its average, scaled so that the pattern fits
 *   what was used in the pace's span (at most four times up or down).
 * - The other pace is the average since the window began. The faster of the two says the earliest moment, the slower
 *   the latest: the further they lie apart, the less is known.
 * - Fewer than three requests in the window tell nothing.
 */
export type Forecast = {
  readonly limitId: LimitFigures['limitId']
  readonly outcome: ForecastOutcome
  /** The likely moment; null unless the outcome is `runs_out`. */
  readonly runsOutAtMs: number | null
  /** At the faster pace, and at the slower; null where it does not run out before the reset. */
  readonly earliestMs: number | null
  readonly latestMs: number | null
  readonly resetMs: number | null
  /** In the limit's unit; null where nothing can be told. */
  readonly perHour: bigint | null
  readonly basis: ForecastBasis | null
}

export type ForecastOutcome =
  /** No room is left already. */
  | 'reached'
  /** At the pace of late it runs out before its reset. */
  | 'runs_out'
  /** It does only at the faster of both paces. */
  | 'may_run_out'
  | 'not_before_reset'
  | 'too_little_use'
  /** No window is open: a session begins with the next message. */
  | 'no_window'
  /** The member is exempt from it. */
  | 'unlimited'

export type ForecastBasis = 'recent_pace' | 'weekly_pattern'

const hourMs = 60 * 60 * 1000
const dayMs = 24 * hourMs
const weekMs = 7 * dayMs
const paceSpanMs: Readonly<Record<LimitFigures['windowKind'], number>> = {
  session: hourMs,
  day: 3 * hourMs,
  week: dayMs,
  month: 3 * dayMs,
}
const requestsMin = 3
const patternWeeksMin = 2
const patternWeeksMax = 4
/** Cells that have to be known for a forecast with a pattern. */
export const forecastReachMs = patternWeeksMax * weekMs + dayMs

export type ForecastInput = {
  readonly limit: LimitFigures
  readonly nowMs: number
  readonly cells: readonly UsageCell[]
  /** Cells from here on are whole. */
  readonly wholeSinceMs: number
}

export function forecastLimit(input: ForecastInput): Forecast {
  const { limit, nowMs } = input
  const { startMs, resetMs } = limit
  if (limit.amount === null) return told(limit, 'unlimited')
  if (startMs === null || resetMs === null || resetMs <= nowMs) return told(limit, 'no_window')
  const room = Number(limit.amount - limit.used - limit.held)
  if (room <= 0) return told(limit, 'reached')
  const uses = usesOf(input)
  const sinceMs = Math.max(startMs, nowMs - paceSpanMs[limit.windowKind])
  const requests = uses.filter((use) => use.startMs + cellMs > startMs)
  if (sumOf(requests, 'requests') < requestsMin) return told(limit, 'too_little_use')

  const recent = amountSince(uses, sinceMs) / Math.max(nowMs - sinceMs, cellMs)
  const average = Number(limit.used) / Math.max(nowMs - startMs, cellMs)
  const pattern = patternOf(input, uses, sinceMs)
  const ends = [
    pattern === null ? flatEnd({ nowMs, room, perMs: recent }) : pattern(room),
    flatEnd({ nowMs, room, perMs: average }),
  ].map((endMs) => (endMs < resetMs ? Math.ceil(endMs) : null))
  const [likelyMs = null] = ends
  const known = ends.filter((endMs) => endMs !== null)
  const earliestMs = known.length === 0 ? null : Math.min(...known)
  return {
    limitId: limit.limitId,
    outcome:
      likelyMs !== null ? 'runs_out' : earliestMs !== null ? 'may_run_out' : 'not_before_reset',
    runsOutAtMs: likelyMs,
    earliestMs,
    latestMs: known.length < ends.length ? null : Math.max(...known),
    resetMs,
    perHour: BigInt(Math.round(recent * hourMs)),
    basis: pattern === null ? 'recent_pace' : 'weekly_pattern',
  }
}

function told(limit: LimitFigures, outcome: ForecastOutcome): Forecast {
  return {
    limitId: limit.limitId,
    outcome,
    runsOutAtMs: null,
    earliestMs: null,
    latestMs: null,
    resetMs: limit.resetMs,
    perHour: null,
    basis: null,
  }
}

type Use = { readonly startMs: number; readonly amount: number; readonly requests: number }

/** A forecast is no bill, so from here on numbers may be rounded. */
function usesOf({ limit, cells }: ForecastInput): readonly Use[] {
  return cells
    .filter(({ source, model }) => source === 'plan' && isCounted(limit, model))
    .map((cell) => ({
      startMs: cell.startMs,
      amount: amountIn(limit.unit, cell),
      requests: cell.requests,
    }))
}

const isCounted = ({ models }: LimitFigures, model: string): boolean =>
  models === null || models.some((prefix) => model.startsWith(prefix))

function amountIn(unit: Unit, sum: UsageSum): number {
  if (unit === 'money') return Number(sum.costNanos)
  return unit === 'tokens' ? countTokens(sum.usage) : sum.requests
}

function sumOf(uses: readonly Use[], what: 'amount' | 'requests'): number {
  let sum = 0
  for (const use of uses) sum += use[what]
  return sum
}

/** A cell that lies only partly behind `sinceMs` counts in that part. */
function amountSince(uses: readonly Use[], sinceMs: number): number {
  let sum = 0
  for (const { startMs, amount } of uses) {
    const share = Math.min(1, Math.max(0, (startMs + cellMs - sinceMs) / cellMs))
    sum += amount * share
  }
  return sum
}

const flatEnd = (going: {
  readonly nowMs: number
  readonly room: number
  readonly perMs: number
}): number => (going.perMs <= 0 ? Infinity : going.nowMs + going.room / going.perMs)

/** Says when so much more is used by the pattern of the last weeks; null where there is none. */
function patternOf(
  { limit, nowMs, wholeSinceMs }: ForecastInput,
  uses: readonly Use[],
  paceSinceMs: number,
): ((room: number) => number) | null {
  if (limit.windowKind !== 'week' && limit.windowKind !== 'month') return null
  const firstMs = Math.max(wholeSinceMs, uses[0] === undefined ? nowMs : firstStart(uses))
  const weeks = Math.min(patternWeeksMax, Math.floor((nowMs - firstMs) / weekMs))
  if (weeks < patternWeeksMin) return null
  const perHour = Array.from({ length: hoursPerWeek }, () => 0)
  for (const { startMs, amount } of uses) {
    if (startMs < nowMs - weeks * weekMs) continue
    const hour = hourOfWeek(startMs)
    perHour[hour] = (perHour[hour] ?? 0) + amount / weeks
  }
  const usual = between(perHour, paceSinceMs, nowMs)
  const actual = amountSince(uses, paceSinceMs)
  const scale = usual <= 0 ? 1 : Math.min(scaleMax, Math.max(1 / scaleMax, actual / usual))
  return (room) => endAfter(perHour, { room: room / scale, nowMs, resetMs: limit.resetMs ?? nowMs })
}

const hoursPerWeek = 168
const scaleMax = 4

const firstStart = (uses: readonly Use[]): number =>
  uses.reduce((first, { startMs }) => Math.min(first, startMs), Infinity)

/** Hours are counted in UTC: the pattern of a week repeats in every zone, but for a change of the clocks. */
const hourOfWeek = (atMs: number): number => Math.floor(atMs / hourMs) % hoursPerWeek

/** What the pattern expects in `[fromMs, toMs)`. */
function between(perHour: readonly number[], fromMs: number, toMs: number): number {
  let sum = 0
  for (let atMs = fromMs; atMs < toMs;) {
    const nextMs = Math.min(toMs, (Math.floor(atMs / hourMs) + 1) * hourMs)
    sum += ((perHour[hourOfWeek(atMs)] ?? 0) * (nextMs - atMs)) / hourMs
    atMs = nextMs
  }
  return sum
}

function endAfter(
  perHour: readonly number[],
  going: { readonly room: number; readonly nowMs: number; readonly resetMs: number },
): number {
  let { room } = going
  for (let atMs = going.nowMs; atMs < going.resetMs;) {
    const nextMs = (Math.floor(atMs / hourMs) + 1) * hourMs
    const rate = (perHour[hourOfWeek(atMs)] ?? 0) / hourMs
    const used = rate * (nextMs - atMs)
    if (used > 0 && used >= room) return atMs + room / rate
    room -= used
    atMs = nextMs
  }
  return Infinity
}
