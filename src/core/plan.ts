import type { LimitId, PlanId } from './ids.ts'
import type { Nanos } from './money.ts'
import type { Unit } from './usage.ts'

/** A civil moment in the week at which a weekly window starts: `weekday` 1 is Monday, 7 Sunday. */
export type WeekAnchor = {
  readonly weekday: number
  readonly hour: number
  readonly minute: number
}

/** The shape of a window; its instances are computed from it, never reset by a job. */
export type WindowShape =
  | { readonly kind: 'session'; readonly lengthMs: number }
  | { readonly kind: 'week'; readonly anchor: WeekAnchor; readonly zone: string }
  | { readonly kind: 'month'; readonly zone: string }
  | { readonly kind: 'day'; readonly zone: string }

/** A shape and the moment from which it was asked for; it takes effect at the end of the running instance. */
export type ShapeChange = { readonly sinceMs: number; readonly shape: WindowShape }

/** The most usage allowed within a window, optionally only for models whose name matches one of `models`. */
export type Limit = {
  readonly id: LimitId
  readonly unit: Unit
  /** In nanos for money, else a count. Zero means: never admitted by this limit. */
  readonly amount: bigint
  /** Every shape this limit has had in this plan, oldest first; the last one is what the plan says now. */
  readonly shapes: readonly ShapeChange[]
  /** Model name prefixes; absent means every model. */
  readonly models?: readonly string[]
}

/** Credit that comes with a seat: once when seated, or at the start of each calendar month (UTC). */
export type IncludedGrant = {
  readonly id: string
  readonly amountNanos: Nanos
  readonly every: 'once' | 'month'
}

/** A named set of limits, grants and defaults that members are seated on. Multiples are already worked out. */
export type Plan = {
  readonly id: PlanId
  readonly version: number
  readonly name: string
  /** What the plan sells for, for display only; null where it is not sold by the month. */
  readonly priceNanos: Nanos | null
  readonly limits: readonly Limit[]
  readonly grants: readonly IncludedGrant[]
  /** The most requests of one member that may run at once. */
  readonly runningMax: number
  /** Output tokens expected of a request before this member has a history on its model. */
  readonly outputTokensExpected: number
}

/** Whether a limit counts requests for this model. */
export function appliesTo(limit: Limit, model: string): boolean {
  return limit.models === undefined || limit.models.some((prefix) => model.startsWith(prefix))
}
