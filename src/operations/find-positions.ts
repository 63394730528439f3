import type { Storage } from '../storage/storage.ts'
import { entriesPastDamage } from './past-damage.ts'

/** Positions strictly between two. */
export type PositionRange = { readonly afterPosition: number; readonly beforePosition: number }

/** Corrections of the clock that are looked at; nobody has had more than a few. */
const correctionsMax = 1000

/**
 * Where in the journal the entries of a span of time `[fromMs, toMs)` can stand. Moments rise with positions
 * except where a correction put the clock back, so each stretch between corrections is searched by halves.
 * Entries of other moments may lie between: whoever reads the range looks at each one's own moment, too.
 */
export async function positionsWithin(
  storage: Storage,
  span: { readonly fromMs: number; readonly toMs: number },
): Promise<PositionRange> {
  const last = storage.durablePosition
  const corrections = await storage.entries({ kind: 'clock_corrected', rowsMax: correctionsMax })
  const starts = [1, ...corrections.map(({ position }) => position)]
  let first = last + 1
  let end = 0
  for (const [index, start] of starts.entries()) {
    const stretch = { start, end: (starts[index + 1] ?? last + 1) - 1 }
    const from = await firstSince(storage, stretch, span.fromMs)
    const until = await firstSince(storage, stretch, span.toMs)
    if (from >= until) continue
    first = Math.min(first, from)
    end = Math.max(end, until - 1)
  }
  return { afterPosition: first - 1, beforePosition: Math.max(end + 1, first) }
}

/** The first position of a stretch whose moment is this one or later; one past its end when none is. */
async function firstSince(
  storage: Storage,
  stretch: { readonly start: number; readonly end: number },
  ms: number,
): Promise<number> {
  let [low, high] = [stretch.start, stretch.end + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const place = { afterPosition: middle - 1, beforePosition: stretch.end + 1 }
    const [entry] = (await entriesPastDamage(storage, { ...place, rowsMax: 1 })).entries
    if (entry !== undefined && entry.atMs < ms) low = middle + 1
    else high = middle
  }
  return low
}
