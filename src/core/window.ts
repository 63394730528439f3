import type { MemberState } from './account.ts'
import { pinnedAt } from './pinned-windows.ts'
import type { Limit, ShapeChange, WindowShape } from './plan.ts'

/**
 * Windows: `[startMs, endMs)` in UTC milliseconds. Instances are computed from shapes, never reset by a
 * job. The first entry of an instance pins its bounds (`WindowInstance`), so a reset that was shown never
 * moves. A change of shape, anchor or zone counts from the next instance, which starts at the old end.
 */
export type Bounds = { readonly startMs: number; readonly endMs: number }

/** The zone of what is the operator's own, and of whoever named no other. */
export const utcZone = 'UTC'

type AnchoredShape = Exclude<WindowShape, { kind: 'session' }>

/**
 * The instant at which a civil time happens in a zone: in an overlap the earlier of two, in a gap the
 * first instant that exists (the transition itself).
 */
function civilInstantMs(civil: Temporal.PlainDateTime, zone: string): number {
  const earlier = civil.toZonedDateTime(zone, { disambiguation: 'earlier' })
  if (earlier.toPlainDateTime().equals(civil)) return earlier.epochMilliseconds
  return (earlier.getTimeZoneTransition('next') ?? earlier).epochMilliseconds
}

function boundaryOnOrBefore(
  shape: AnchoredShape,
  date: Temporal.PlainDate,
): Temporal.PlainDateTime {
  switch (shape.kind) {
    case 'day':
      return date.toPlainDateTime()
    case 'month':
      return date.with({ day: 1 }).toPlainDateTime()
    case 'week': {
      const { weekday, hour, minute } = shape.anchor
      const daysBack = (7 + date.dayOfWeek - weekday) % 7
      return date.subtract({ days: daysBack }).toPlainDateTime({ hour, minute })
    }
  }
}

function stepOf(shape: AnchoredShape): Temporal.DurationLike {
  return shape.kind === 'day' ? { days: 1 } : shape.kind === 'week' ? { days: 7 } : { months: 1 }
}

/** The last instance worked out for a shape: civil arithmetic is slow and most questions fall in one instance. */
const lastInstance = new WeakMap<AnchoredShape, Bounds>()

/** The instance of an anchored shape that contains a moment, as the civil calendar has it. */
export function calendarBounds(shape: AnchoredShape, atMs: number): Bounds {
  const known = lastInstance.get(shape)
  if (known !== undefined && known.startMs <= atMs && atMs < known.endMs) return known
  const bounds = findCalendarBounds({ ...shape, zone: knownZone(shape.zone) }, atMs)
  lastInstance.set(shape, bounds)
  return bounds
}

/**
 * Zones are checked when they are set. One that the zone data of a later version have dropped reads as UTC: resets
 * come some hours off, from the next instance on, and nobody is locked out.
 */
function knownZone(zone: string): string {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
    return zone
  } catch {
    return utcZone
  }
}

function findCalendarBounds(shape: AnchoredShape, atMs: number): Bounds {
  const zoned = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(shape.zone)
  const step = stepOf(shape)
  // One step ahead first: in a gap a boundary may lie a little later than its civil name says.
  let civil = boundaryOnOrBefore(shape, zoned.toPlainDate()).add(step)
  let endMs = civilInstantMs(civil, shape.zone)
  for (;;) {
    civil = civil.subtract(step)
    const startMs = civilInstantMs(civil, shape.zone)
    if (startMs <= atMs) return { startMs, endMs }
    endMs = startMs
  }
}

const monthShapes = new Map<string, AnchoredShape>()

/** The calendar month of a zone that contains a moment: spend caps and included grants count over it. */
export function monthBounds(zone: string, atMs: number): Bounds {
  let shape = monthShapes.get(zone)
  if (shape === undefined) {
    shape = { kind: 'month', zone }
    monthShapes.set(zone, shape)
  }
  return calendarBounds(shape, atMs)
}

/** The shape in force at a moment, and since when: a change waits for the end of the instance it came in. */
function shapeInForce(
  shapes: readonly ShapeChange[],
  nowMs: number,
): { readonly shape: WindowShape; readonly fromMs: number } | undefined {
  let inForce: { readonly shape: WindowShape; readonly fromMs: number } | undefined
  for (const change of shapes) {
    const fromMs = inForce === undefined ? -Infinity : effectMs(inForce, change)
    if (fromMs > nowMs) break
    inForce = { shape: change.shape, fromMs }
  }
  return inForce
}

function effectMs(
  before: { readonly shape: WindowShape; readonly fromMs: number },
  { sinceMs }: ShapeChange,
): number {
  if (before.shape.kind === 'session' || sinceMs < before.fromMs) {
    return Math.max(sinceMs, before.fromMs)
  }
  return calendarBounds(before.shape, sinceMs).endMs
}

/**
 * Shapes with one more change from now on. Two kinds of older ones never come into force then, and are left out: those
 * that a clock asked for which was ahead of time, and the newest one while it waits for its instance to end (the new
 * one counts from the same moment). So no number of changes pushes out the shape in force. What stands behind a shape
 * from ahead of time (older journals have such lists) was hidden by it, and goes with it: else it would count at once.
 */
export function withShape(shapes: readonly ShapeChange[], change: ShapeChange): ShapeChange[] {
  const aheadAt = firstAhead(shapes, change.sinceMs)
  const known = aheadAt === -1 ? shapes : shapes.slice(0, aheadAt)
  const isWaiting = change.sinceMs < newestEffectMs(known)
  return [...(isWaiting ? known.slice(0, -1) : known), change]
}

/** Where in a list the first shape stands that a clock asked for which was ahead of this moment; -1 for none. */
export function firstAhead(shapes: readonly ShapeChange[], nowMs: number): number {
  return shapes.findIndex(({ sinceMs }, nth) => nth > 0 && sinceMs > nowMs)
}

/** When the newest change counts from; the first one always has. */
function newestEffectMs(shapes: readonly ShapeChange[]): number {
  let fromMs = -Infinity
  let before: ShapeChange | undefined
  for (const change of shapes) {
    if (before !== undefined) fromMs = effectMs({ shape: before.shape, fromMs }, change)
    before = change
  }
  return fromMs
}

/**
 * The instance of a limit's window that runs at a moment, given what the member's entries have pinned.
 * Undefined while no session is open: the next plan-sourced admission opens it.
 */
export function runningInstance(
  limit: Limit,
  member: MemberState,
  nowMs: number,
): Bounds | undefined {
  const { latest, nextStartMs } = pinnedAt(member, limit.id, nowMs)
  if (latest !== undefined && nowMs < latest.endMs) return latest
  const inForce = shapeInForce(limit.shapes, nowMs)
  if (inForce === undefined || inForce.shape.kind === 'session') return undefined
  const natural = calendarBounds(inForce.shape, nowMs)
  const startMs = Math.max(natural.startMs, inForce.fromMs, latest?.endMs ?? -Infinity)
  return { startMs, endMs: Math.min(natural.endMs, nextStartMs) }
}

export type AdmittingInstance = Bounds & {
  /** A session that this admission opens. */
  readonly isOpening: boolean
}

/** The bounds that an admission at this moment counts in: the running instance, or a session opened now. */
export function admittingInstance(
  limit: Limit,
  member: MemberState,
  nowMs: number,
): AdmittingInstance {
  const running = runningInstance(limit, member, nowMs)
  if (running !== undefined) {
    return { startMs: running.startMs, endMs: running.endMs, isOpening: false }
  }
  // A change of shape that the clock went back behind is not in force yet: the session's own length counts.
  const shape = shapeInForce(limit.shapes, nowMs)?.shape
  const lengthMs = shape?.kind === 'session' ? shape.lengthMs : 0
  return { startMs: nowMs, endMs: nowMs + lengthMs, isOpening: true }
}

/** The kind of a limit's window as its plan says it now. */
export function windowKind(limit: Limit): WindowShape['kind'] {
  return limit.shapes.at(-1)?.shape.kind ?? 'session'
}
