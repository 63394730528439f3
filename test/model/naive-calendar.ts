import type { ShapeChange, WindowShape } from '../../src/core/plan.ts'

/**
 * Civil time for the naive model, said as plainly as possible: list the wall-clock moments at which a
 * window may start around now, turn them into instants, and take the two that enclose now.
 */
export type Span = { readonly startMs: number; readonly endMs: number }

export type CivilShape = Exclude<WindowShape, { kind: 'session' }>

/** The first instant at which the clocks of `zone` show `civil` or have passed it: a gap and an overlap in one sentence. */
export function firstInstantAt(civil: Temporal.PlainDateTime, zone: string): number {
  const early = civil.toZonedDateTime(zone, { disambiguation: 'earlier' })
  if (early.toPlainDateTime().equals(civil)) return early.epochMilliseconds
  // The clocks never show it: `early` lies before the gap, and the gap ends at the next transition.
  const after = early.getTimeZoneTransition('next')
  if (after === null)
    throw new Error(`${civil.toString()} is missing in ${zone} without a transition`)
  return after.epochMilliseconds
}

function civilStartsAround(shape: CivilShape, nowMs: number): Temporal.PlainDateTime[] {
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs)
    .toZonedDateTimeISO(shape.zone)
    .toPlainDate()
  const starts: Temporal.PlainDateTime[] = []
  for (let step = -2; step <= 2; step++) {
    if (shape.kind === 'day') starts.push(today.add({ days: step }).toPlainDateTime())
    if (shape.kind === 'month') {
      starts.push(today.with({ day: 1 }).add({ months: step }).toPlainDateTime())
    }
    if (shape.kind === 'week') {
      const { weekday, hour, minute } = shape.anchor
      const days = weekday - today.dayOfWeek + 7 * step
      starts.push(today.add({ days }).toPlainDateTime({ hour, minute }))
    }
  }
  return starts
}

/** The instance of a civil window that contains this moment, as if its shape had always been this one. */
export function spanAt(shape: CivilShape, nowMs: number): Span {
  const starts = civilStartsAround(shape, nowMs).map((civil) => firstInstantAt(civil, shape.zone))
  return {
    startMs: Math.max(...starts.filter((startMs) => startMs <= nowMs)),
    endMs: Math.min(...starts.filter((startMs) => startMs > nowMs)),
  }
}

export const monthAt = (zone: string, nowMs: number): Span => spanAt({ kind: 'month', zone }, nowMs)

/**
 * The window instance at a moment, or null where a session is not open.
 * `pinned` are the instances that entries have fixed, in any order. A change of shape takes effect at the end of the
 * instance that ran when it was asked for; the next instance starts there. Instances that a wrong clock fixed ahead
 * of time wait there, and nothing runs into them.
 */
export function instanceAt(
  shapes: readonly ShapeChange[],
  pinned: readonly Span[],
  nowMs: number,
): Span | null {
  const running = pinned.find((span) => span.startMs <= nowMs && nowMs < span.endMs)
  // Only its bounds: that an entry opened it once is no part of what runs.
  if (running !== undefined) return { startMs: running.startMs, endMs: running.endMs }
  const pastEnds = pinned.map((span) => span.endMs).filter((endMs) => endMs <= nowMs)
  let current: WindowShape | null = null
  let currentSinceMs = -Infinity
  for (const { sinceMs, shape } of shapes) {
    // Asked for by a clock that was ahead: it counts once that moment has come.
    if (current !== null && sinceMs > nowMs) break
    if (current !== null && current.kind !== 'session' && sinceMs >= currentSinceMs) {
      const { endMs } = spanAt(current, sinceMs)
      if (nowMs < endMs) break
      currentSinceMs = endMs
    }
    // A session that is not open ends nowhere: the new shape counts from when it was asked for.
    if (current?.kind === 'session') currentSinceMs = Math.max(currentSinceMs, sinceMs)
    current = shape
  }
  if (current === null || current.kind === 'session') return null
  const { startMs, endMs } = spanAt(current, nowMs)
  const nextStarts = pinned.map((span) => span.startMs).filter((next) => next > nowMs)
  return {
    startMs: Math.max(startMs, currentSinceMs, ...pastEnds),
    endMs: Math.min(endMs, ...nextStarts),
  }
}
