import type { ClockJump } from './account.ts'

/**
 * Jumps of the clock of record, and how far a correction may go back behind them
 * (docs/decisions/0010-the-clock-goes-back-by-an-entry.md). What is kept for a correction follows from the same bounds.
 */

/** So long after a jump it can be undone; later it stands. What later jumps passed over does not count. */
export const undoMaxMs = 14 * 24 * 60 * 60 * 1000

export function undoableJumps(jumps: readonly ClockJump[], nowMs: number): readonly ClockJump[] {
  const undoable: ClockJump[] = []
  let skippedMs = 0
  for (const jump of jumps.toReversed()) {
    if (nowMs - skippedMs - jump.toMs < undoMaxMs) undoable.unshift(jump)
    skippedMs += jump.toMs - jump.fromMs
  }
  return undoable
}

/**
 * Where undoing these jumps would put a clock that shows `nowMs`: to wall time, yet never before the first of
 * them, nor before the time that passed since. Undefined when the wall clock lies before none of them.
 */
export function correctedMs(
  jumps: readonly ClockJump[],
  { nowMs, wallMs }: { readonly nowMs: number; readonly wallMs: number },
): number | undefined {
  const undone = undoableJumps(jumps, nowMs).filter(({ toMs }) => toMs > wallMs)
  const atMs = Math.max(Math.floor(wallMs), earliestMs(undone, nowMs))
  return atMs < nowMs ? atMs : undefined
}

/** What is left of a jump and is shorter than this is drift, which the clock of record runs off by itself. */
const leftMinMs = 5 * 60 * 1000

/**
 * What a correction has left of these jumps. It undoes the latest first, as far as it goes back: one that it undoes in
 * part, because the machine's clock was wrong all the same, is as long as the rest from then on. So no millisecond is
 * undone twice, and none is lost.
 */
export function jumpsLeft(
  jumps: readonly ClockJump[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly ClockJump[] {
  const left: ClockJump[] = []
  let backMs = fromMs - toMs
  for (const jump of jumps.toSorted((one, other) => other.toMs - one.toMs)) {
    const sizeMs = jump.toMs - jump.fromMs
    const restMs = sizeMs - Math.max(0, backMs)
    const endMs = jump.fromMs + restMs
    if (restMs === sizeMs && endMs <= toMs) left.unshift(jump)
    else if (restMs >= leftMinMs && endMs <= toMs) left.unshift({ ...jump, toMs: endMs })
    backMs -= sizeMs
  }
  return left
}

function earliestMs(jumps: readonly ClockJump[], nowMs: number): number {
  let skippedMs = 0
  let firstMs = nowMs
  for (const { fromMs, toMs } of jumps) {
    skippedMs += toMs - fromMs
    firstMs = Math.min(firstMs, fromMs)
  }
  return Math.max(firstMs, nowMs - skippedMs)
}

/** The moments that a correction, now or later, can go back to; undefined while there is nothing to undo. */
export function reachBack(
  jumps: readonly ClockJump[],
  nowMs: number,
): { readonly sinceMs: number; readonly untilMs: number } | undefined {
  const undoable = undoableJumps(jumps, nowMs)
  if (undoable.length === 0) return undefined
  const lastMs = Math.max(...undoable.map(({ fromMs }) => fromMs))
  return { sinceMs: earliestMs(undoable, nowMs), untilMs: lastMs + undoMaxMs }
}
