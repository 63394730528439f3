import type { Forecast } from '../../operations/forecast.ts'
import type { SeriesStep, UsageSeries } from '../../operations/usage-series.ts'
import type { Json } from './json.ts'

/** Usage by hour or day; a request counts at the moment of its settle, as in history. */
export type SeriesAnswer = Json<UsageSeries> & {
  readonly step: SeriesStep
  /** Whose hours and days these are. */
  readonly zone: string
  readonly fromMs: number
  readonly toMs: number
  /** The journal position up to which everything is counted, and its moment on the clock of record. */
  readonly position: number
  readonly atMs: number
  readonly currencySymbol: string
  /** Set while older entries are still being read: buckets from this moment on are whole. Ask again shortly. */
  readonly wholeSinceMs: number | null
}

export type ForecastAnswer = {
  readonly position: number
  readonly atMs: number
  readonly limits: readonly (Json<Forecast> & {
    readonly title: string
    /** What is expected, in words; moments are beside it. */
    readonly sentence: string
  })[]
  /** Older entries are still being read: the pattern of the last weeks is not in it yet. Ask again shortly. */
  readonly isComplete: boolean
}
