import type { Figures, LimitFigures } from '../../core/decision.ts'
import { forecastLimit, forecastReachMs, type Forecast } from '../../operations/forecast.ts'
import { getFigures } from '../../operations/figures.ts'
import { getCustomer } from '../../operations/list-customers.ts'
import type { UsageScope } from '../../operations/usage-readings.ts'
import { bucketBounds, hourMs, seriesOf, type SeriesStep } from '../../operations/usage-series.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { ForecastAnswer, SeriesAnswer } from '../contract/series.ts'
import { invalidRequest, toJson } from '../http/exchange.ts'
import { limitTitle } from '../wording/wording.ts'

/** Usage over time, and what it says about the time to come. */

type SeriesQuery = {
  readonly step: SeriesStep
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
  readonly zone?: string | undefined
}

/** A page draws what there is by then, and asks again for the rest. */
const waitMs = 800
const dayMs = 24 * hourMs
const bucketsUsual: Readonly<Record<SeriesStep, number>> = { hour: 48, day: 30 }
const bucketsMax = 400
/** How far back anybody may look here; what is older stands in the history. */
const reachMaxMs = 400 * dayMs

export async function seriesAnswer(
  parts: AdminApiParts,
  scope: UsageScope,
  query: SeriesQuery,
): Promise<SeriesAnswer> {
  const customer = await getCustomer(parts, scope.customerId)
  const nowMs = parts.storage.recordNowMs()
  const { step, zone = customer.zone } = query
  const bounds = boundsOf({ ...query, zone, nowMs })
  const fromMs = bounds[0]?.startMs ?? nowMs
  const toMs = bounds.at(-1)?.endMs ?? nowMs
  const reading = await parts.usageReadings.read({ ...scope, sinceMs: fromMs, waitMs })
  const cells = reading.cells.within({ fromMs, toMs })
  const { currencySymbol } = parts.about
  return {
    ...toJson(await seriesOf(cells, bounds)),
    step,
    zone,
    fromMs,
    toMs,
    position: reading.position,
    atMs: nowMs,
    currencySymbol,
    wholeSinceMs: reading.isComplete ? null : Math.min(reading.wholeSinceMs, toMs),
  }
}

function boundsOf(query: SeriesQuery & { readonly zone: string; readonly nowMs: number }) {
  const { step, zone, nowMs } = query
  const toMs = query.toMs ?? nowMs + 1
  const stepMs = step === 'hour' ? hourMs : dayMs
  // From the middle of a bucket, so that a day of 23 or 25 hours is one bucket all the same.
  const fromMs = query.fromMs ?? toMs - 1 - (bucketsUsual[step] - 1) * stepMs
  const problem = (path: string, message: string) => invalidRequest([{ path, message }])
  if (fromMs >= toMs) throw problem('fromMs', 'it has to be before toMs')
  if (fromMs < nowMs - reachMaxMs)
    throw problem('fromMs', `it may be ${reachMaxMs / dayMs} days ago at most; see the history`)
  if ((toMs - fromMs) / stepMs > bucketsMax)
    throw problem('fromMs', `at most ${bucketsMax} ${step}s at once`)
  return bucketBounds({ step, zone, fromMs, toMs })
}

export async function forecastAnswer(
  parts: AdminApiParts,
  { customerId, memberId }: Required<UsageScope>,
): Promise<ForecastAnswer> {
  const nowMs = parts.storage.recordNowMs()
  const reading = await parts.usageReadings.read({
    customerId,
    memberId,
    sinceMs: nowMs - forecastReachMs,
    waitMs,
  })
  const figures: Figures = await getFigures(parts, { customerId, memberId })
  const cells = reading.cells.within({ fromMs: figures.atMs - forecastReachMs, toMs: Infinity })
  const { wholeSinceMs } = reading
  return {
    position: figures.position,
    atMs: figures.atMs,
    limits: figures.limits.map((limit) => {
      const forecast = forecastLimit({ limit, nowMs: figures.atMs, cells, wholeSinceMs })
      return {
        ...toJson(forecast),
        title: limitTitle(limit),
        sentence: forecastSentence(forecast, limit),
      }
    }),
    isComplete: reading.isComplete,
  }
}

const paceWords: Readonly<Record<LimitFigures['windowKind'], string>> = {
  session: 'At the pace of the last hour',
  day: 'At the pace of the last three hours',
  week: 'At the pace of the last day',
  month: 'At the pace of the last three days',
}

/** Says how sure it is: whether both paces agree, or only one of them uses the limit up. */
export function forecastSentence(
  { outcome, basis, latestMs }: Forecast,
  { windowKind }: Pick<LimitFigures, 'windowKind'>,
): string {
  const pace = basis === 'weekly_pattern' ? 'As the last weeks went' : paceWords[windowKind]
  switch (outcome) {
    case 'unlimited':
      return 'It does not bind this member.'
    case 'reached':
      return 'No room is left until the reset.'
    case 'no_window':
      return 'No window is open; it starts with the next message.'
    case 'too_little_use':
      return 'Not enough use in this window yet to tell.'
    case 'not_before_reset':
      return `${pace}, it does not run out before its reset.`
    case 'may_run_out':
      return `${pace}, it does not run out before its reset; at the average pace since the window began, it would.`
    case 'runs_out':
      return latestMs === null
        ? `${pace}, it runs out before its reset; at the average pace since the window began, it would last.`
        : `${pace}, it runs out before its reset.`
  }
}
