import type { CustomerState, MemberState, OverrunWindow, ReloadMonth } from './account.ts'
import type { MonthBounds } from './entry.ts'
import { monthBounds, utcZone } from './window.ts'

/**
 * Sums per calendar month: what was charged against a cap, what the operator absorbed. The latest month is
 * asked for again and again; a few before it are kept, because a corrected clock may go back into them.
 */
const monthsKeptMax = 3

/** Adds a charge to its month, which a corrected clock may have gone back into. */
export function charge(
  state: CustomerState | MemberState,
  { startMs, endMs }: MonthBounds,
  chargedNanos: bigint,
): void {
  const { latest, before } = inMonth(state.spend, state.spendBefore, startMs)
  state.spend = { startMs, endMs, spentNanos: (latest?.spentNanos ?? 0n) + chargedNanos }
  state.spendBefore = before
}

/** Adds a reload to its month, which a corrected clock may have gone back into. */
export function countReload(
  state: CustomerState,
  { startMs, endMs }: MonthBounds,
  amountNanos: bigint,
): void {
  const { latest, before } = inMonth(state.reloads, state.reloadsBefore, startMs)
  const count = (latest?.count ?? 0) + 1
  const reloadedNanos = (latest?.reloadedNanos ?? 0n) + amountNanos
  state.reloads = { startMs, endMs, count, reloadedNanos }
  state.reloadsBefore = before
}

/** What was reloaded in the month of a moment; pinned once its first reload is in the journal. */
export function reloadMonth(state: CustomerState, nowMs: number): ReloadMonth {
  const known = [state.reloads, ...state.reloadsBefore].find(
    (month) => month !== null && month.startMs <= nowMs && nowMs < month.endMs,
  )
  return known ?? { ...monthBounds(state.zone, nowMs), count: 0, reloadedNanos: 0n }
}

/** The sums of the month that begins at `startMs`, if it was seen, and the other months, newest use last. */
function inMonth<Month extends { readonly startMs: number }>(
  latest: Month | null,
  before: readonly Month[],
  startMs: number,
): { readonly latest: Month | undefined; readonly before: readonly Month[] } {
  if (latest === null || latest.startMs === startMs) return { latest: latest ?? undefined, before }
  const known = before.find((month) => month.startMs === startMs)
  const others = before.filter((month) => month !== known)
  return { latest: known, before: [...others, latest].slice(-monthsKeptMax) }
}

/** What the operator absorbed in the month of a moment; a new month starts at zero. */
export function overrunMonth(state: CustomerState, atMs: number): OverrunWindow {
  const month = monthBounds(utcZone, atMs)
  const { latest, before } = inMonth(state.overrun, state.overrunBefore, month.startMs)
  state.overrunBefore = before
  state.overrun = latest ?? { ...month, bookedNanos: 0n, lostNanos: 0n }
  return state.overrun
}
