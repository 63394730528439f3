import { useQuery } from '@tanstack/react-query'
import type { ForecastAnswer, SeriesAnswer } from '../../src/admin/contract/series.ts'
import { read } from '../data/api.ts'
import { oldestMs } from '../data/queries.ts'
import { scopePath, type MemberScope, type Scope } from '../data/scope.ts'
import { money } from '../format/money.ts'
import { count, shortCount } from '../format/numbers.ts'
import { readersZone } from '../format/time.ts'

/** What the chart of usage draws: the server's sums, in hours and days of the reader's zone. */
export type Step = SeriesAnswer['step']
export type Measure = 'cost' | 'extra' | 'tokens' | 'requests'
type Sum = SeriesAnswer['total']

/** Older entries are still being read: the rest is asked for right away. */
const restMs = 1000

export function useSeries(scope: Scope, step: Step) {
  const query = new URLSearchParams({ step, zone: readersZone() })
  return useQuery({
    queryKey: ['series', scopePath(scope), step],
    queryFn: ({ signal }) => read<SeriesAnswer>(`${scopePath(scope)}/series?${query}`, signal),
    meta: { everyMs: 3000 },
    refetchInterval: ({ state }) =>
      typeof state.data?.wholeSinceMs === 'number' ? restMs : oldestMs,
  })
}

export function useForecast(scope: MemberScope) {
  return useQuery({
    queryKey: ['forecast', scopePath(scope)],
    queryFn: ({ signal }) => read<ForecastAnswer>(`${scopePath(scope)}/forecast`, signal),
    meta: { everyMs: 5000 },
    refetchInterval: ({ state }) => (state.data?.isComplete === false ? restMs : oldestMs),
  })
}

const tokenMeters = ['input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h'] as const

/** The exact amount, as it is written. */
export function amountOf(sum: Sum, measure: Measure): bigint {
  if (measure === 'cost') return BigInt(sum.costNanos)
  if (measure === 'extra') return BigInt(sum.chargedNanos)
  if (measure === 'requests') return BigInt(sum.requests)
  return tokenMeters.reduce((tokens, meter) => tokens + BigInt(sum.usage[meter] ?? 0), 0n)
}

export const isMoney = (measure: Measure): boolean => measure === 'cost' || measure === 'extra'

export const amountText = (amount: bigint, measure: Measure, symbol: string): string =>
  isMoney(measure) ? money(amount, symbol) : count(amount)

/** For an axis: short, and rounded. */
export const axisText = (amount: number, measure: Measure, symbol: string): string =>
  isMoney(measure) ? money(BigInt(Math.round(amount)), symbol) : shortCount(Math.round(amount))

export type ChartModel = { readonly name: string; readonly models: readonly string[] }

const modelsShown = 6

/** The models in the order in which they are stacked; what is used least is one of its own. */
export function chartModels(series: SeriesAnswer, measure: Measure): readonly ChartModel[] {
  const used = series.models
    .filter((sum) => amountOf(sum, measure) > 0n)
    .toSorted((left, right) => (amountOf(left, measure) < amountOf(right, measure) ? 1 : -1))
    .map(({ model }) => model)
  if (used.length <= modelsShown) return used.map((name) => ({ name, models: [name] }))
  const first = used.slice(0, modelsShown - 1)
  const rest = used.slice(modelsShown - 1)
  return [
    ...first.map((name) => ({ name, models: [name] })),
    { name: `${rest.length} other models`, models: rest },
  ]
}

export type Stack = {
  readonly startMs: number
  readonly endMs: number
  readonly total: bigint
  /** One amount per chart model, in their order. */
  readonly amounts: readonly bigint[]
}

export function stacksOf(
  series: SeriesAnswer,
  models: readonly ChartModel[],
  measure: Measure,
): readonly Stack[] {
  return series.buckets.map(({ startMs, endMs, total, models: sums }) => ({
    startMs,
    endMs,
    total: amountOf(total, measure),
    amounts: models.map(({ models: names }) =>
      sums
        .filter(({ model }) => names.includes(model))
        .reduce((amount, sum) => amount + amountOf(sum, measure), 0n),
    ),
  }))
}
