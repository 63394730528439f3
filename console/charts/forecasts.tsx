import type { ForecastAnswer } from '../../src/admin/contract/series.ts'
import { Badge, type Tone } from '../ui/badge.tsx'
import { Clock, Countdown } from '../ui/moment.tsx'
import type { ChartMark } from './usage-chart.tsx'

type LimitForecast = ForecastAnswer['limits'][number]

/** Limits that run out are lines in the chart. */
export const marksOf = (forecast: ForecastAnswer | undefined): readonly ChartMark[] =>
  (forecast?.limits ?? []).flatMap(({ limitId, title, runsOutAtMs }) =>
    runsOutAtMs === null ? [] : [{ id: limitId, title: `${title} runs out`, atMs: runsOutAtMs }],
  )

const tones: Readonly<Record<LimitForecast['outcome'], readonly [Tone, string]>> = {
  reached: ['bad', 'No room'],
  runs_out: ['warn', 'Runs out'],
  may_run_out: ['warn', 'May run out'],
  not_before_reset: ['good', 'Lasts'],
  too_little_use: ['plain', 'Unknown'],
  no_window: ['plain', 'Not begun'],
  unlimited: ['plain', 'No limit'],
}

/** What is to be expected of each limit, and how sure that is. */
export function Forecasts({ forecast }: { readonly forecast: ForecastAnswer }) {
  if (forecast.limits.length === 0) return null
  return (
    <ul className="forecasts" aria-label="What is to be expected">
      {forecast.limits.map((limit) => {
        const [tone, word] = tones[limit.outcome]
        return (
          <li key={limit.limitId}>
            <Badge tone={tone}>{word}</Badge>
            <strong>{limit.title}</strong>
            <span>{limit.sentence}</span>
            <span className="soft small">
              <Moments limit={limit} />
            </span>
          </li>
        )
      })}
    </ul>
  )
}

function Moments({ limit }: { readonly limit: LimitForecast }) {
  const { runsOutAtMs, earliestMs, latestMs, resetMs } = limit
  if (runsOutAtMs !== null) {
    return (
      <>
        Likely <Clock atMs={runsOutAtMs} />, <Countdown atMs={runsOutAtMs} />
        {earliestMs === null || earliestMs === runsOutAtMs ? null : (
          <>
            ; at the earliest <Clock atMs={earliestMs} />
          </>
        )}
        {latestMs === null || latestMs === runsOutAtMs ? null : (
          <>
            ; at the latest <Clock atMs={latestMs} />
          </>
        )}
        {resetMs === null ? null : (
          <>
            . Resets <Clock atMs={resetMs} />.
          </>
        )}
      </>
    )
  }
  if (earliestMs === null) return null
  return (
    <>
      At the earliest <Clock atMs={earliestMs} />.
    </>
  )
}
