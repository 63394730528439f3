import { calendarBounds } from '../core/window.ts'
import { nextTurn } from '../system/next-turn.ts'
import { addSums, emptySum, type UsageCell, type UsageSum } from './usage-cells.ts'

/** Usage by hour or by day of a zone, stacked by model. */
export type SeriesStep = 'hour' | 'day'

export type SeriesBucket = {
  readonly startMs: number
  readonly endMs: number
  readonly total: UsageSum
  readonly models: readonly ModelSum[]
}

export type ModelSum = UsageSum & { readonly model: string }

export type UsageSeries = {
  /** In order and without a gap; a bucket in which nothing was used has no models. */
  readonly buckets: readonly SeriesBucket[]
  /** Over all buckets, the costliest first. */
  readonly models: readonly ModelSum[]
  readonly total: UsageSum
}

/** The bounds of the buckets that touch `[fromMs, toMs)`; hours and days begin as the zone's clock says. */
export function bucketBounds(query: {
  readonly step: SeriesStep
  readonly zone: string
  readonly fromMs: number
  readonly toMs: number
}): readonly { readonly startMs: number; readonly endMs: number }[] {
  const { step, zone, fromMs, toMs } = query
  const bounds: { startMs: number; endMs: number }[] = []
  let startMs = step === 'hour' ? hourStartMs(zone, fromMs) : dayOf(zone, fromMs).startMs
  while (startMs < toMs) {
    const endMs = step === 'hour' ? startMs + hourMs : dayOf(zone, startMs).endMs
    bounds.push({ startMs, endMs })
    startMs = endMs
  }
  return bounds
}

export const hourMs = 60 * 60 * 1000

const dayOf = (zone: string, atMs: number) => calendarBounds({ kind: 'day', zone }, atMs)

function hourStartMs(zone: string, atMs: number): number {
  const zoned = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone)
  return zoned.round({ smallestUnit: 'hour', roundingMode: 'floor' }).epochMilliseconds
}

/** Cells summed before others get a turn: about a millisecond. */
const cellsPerTurn = 500

/** Sums cells into these buckets; every cell lies in one of them, or in none. */
export async function seriesOf(
  cells: readonly UsageCell[],
  bounds: readonly { readonly startMs: number; readonly endMs: number }[],
): Promise<UsageSeries> {
  const perBucket = bounds.map(() => new Map<string, UsageSum>())
  const all = new Map<string, UsageSum>()
  for (let from = 0; from < cells.length; from += cellsPerTurn) {
    if (from > 0) await nextTurn()
    for (const cell of cells.slice(from, from + cellsPerTurn)) {
      const sums = perBucket[bucketAt(bounds, cell.startMs)]
      if (sums === undefined) continue
      for (const models of [sums, all])
        models.set(cell.model, addSums(models.get(cell.model) ?? emptySum, cell))
    }
  }
  const buckets = bounds.map(({ startMs, endMs }, index) => {
    const models = sorted(perBucket[index] ?? new Map())
    return { startMs, endMs, total: totalOf(models), models }
  })
  const models = sorted(all)
  return { buckets, models, total: totalOf(models) }
}

/** Buckets follow each other without a gap, so the last one that has begun is the one; -1 before the first. */
function bucketAt(
  bounds: readonly { readonly startMs: number; readonly endMs: number }[],
  atMs: number,
): number {
  let [low, high] = [0, bounds.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((bounds[middle]?.startMs ?? Infinity) <= atMs) low = middle + 1
    else high = middle
  }
  return atMs < (bounds[low - 1]?.endMs ?? -Infinity) ? low - 1 : -1
}

function sorted(models: ReadonlyMap<string, UsageSum>): readonly ModelSum[] {
  return [...models]
    .map(([model, sum]) => ({ model, ...sum }))
    .toSorted((left, right) =>
      left.costNanos === right.costNanos
        ? left.model.localeCompare(right.model, 'en')
        : left.costNanos > right.costNanos
          ? -1
          : 1,
    )
}

const totalOf = (models: readonly ModelSum[]): UsageSum => {
  let total = emptySum
  for (const { model: _model, ...sum } of models) total = addSums(total, sum)
  return total
}
