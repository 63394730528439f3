import type { LimitAnswer } from '../../../src/admin/contract/answers.ts'
import type { ForecastAnswer } from '../../../src/admin/contract/series.ts'
import { percent, quantity } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Meter, shareOf } from '../../ui/meter.tsx'
import { Clock, Countdown } from '../../ui/moment.tsx'

/** A bar per limit: how much of it is used and held, and when it starts over. */
export function LimitBars(props: {
  readonly limits: readonly LimitAnswer[]
  readonly forecasts?: ForecastAnswer['limits']
  readonly symbol: string
  /** Whether the reader is the one who asks: "your next message", or "the next". */
  readonly isOwn?: boolean
}) {
  return (
    <ul className="limits">
      {props.limits.map((limit) => (
        <LimitBar
          key={limit.limitId}
          limit={limit}
          symbol={props.symbol}
          isOwn={props.isOwn ?? false}
          forecast={props.forecasts?.find(({ limitId }) => limitId === limit.limitId)}
        />
      ))}
    </ul>
  )
}

type One = { readonly limit: LimitAnswer; readonly symbol: string }

type Forecast = ForecastAnswer['limits'][number]

function LimitBar({
  limit,
  symbol,
  forecast,
  isOwn,
}: One & { readonly forecast: Forecast | undefined; readonly isOwn: boolean }) {
  const warning = warningOf(limit)
  const tone = warning?.tone ?? 'plain'
  const words = usedWords(limit, symbol)
  const share =
    limit.amount === null ? 'No limit' : `${percent(limit.usedPercent, limit.used)} used`
  return (
    <li className={`limit ${tone}`}>
      <div className="limit-head">
        <h3>{limit.title}</h3>
        {limit.exception === null ? null : <Badge tone="accent">Exception</Badge>}
        {warning === null ? null : <Badge tone={warning.tone}>{warning.words}</Badge>}
        <span className="percent">{share}</span>
      </div>
      <Meter label={limit.title} {...sharesOf(limit)} words={`${share}, ${words}`} tone={tone} />
      <div className="limit-foot">
        <span>{words}</span>
        {limit.resetMs === null ? (
          <span>starts with {isOwn ? 'your' : 'the'} next message</span>
        ) : (
          <span>
            resets <Clock atMs={limit.resetMs} />, <Countdown atMs={limit.resetMs} />
          </span>
        )}
      </div>
      <ForecastWords forecast={forecast} />
      <ExceptionWords limit={limit} symbol={symbol} />
    </li>
  )
}

/** When it is likely to run out; how sure that is stands below the chart. */
function ForecastWords({ forecast }: { readonly forecast: Forecast | undefined }) {
  if (forecast === undefined || forecast.runsOutAtMs === null) return null
  return (
    <p className="warn small">
      At this pace it runs out <Clock atMs={forecast.runsOutAtMs} />,{' '}
      <Countdown atMs={forecast.runsOutAtMs} />.
    </p>
  )
}

/** Where somebody's amount is not that of the plan, both are said, and for how long. */
function ExceptionWords({ limit, symbol }: One) {
  if (limit.exception === null) return null
  const { planAmount, untilMs } = limit.exception
  return (
    <p className="soft small">
      An exception for this member: the plan says {quantity(planAmount, limit.unit, symbol)}.{' '}
      {untilMs === null ? (
        'It counts until somebody takes it back.'
      ) : (
        <>
          It ends <Clock atMs={untilMs} />, <Countdown atMs={untilMs} />.
        </>
      )}
    </p>
  )
}

type Warning = { readonly tone: 'warn' | 'bad'; readonly words: string }

/** A limit is full for the gate when what is used and held reaches it. */
function warningOf({ used, held, amount, usedPercent }: LimitAnswer): Warning | null {
  if (amount === null) return null
  if (usedPercent >= 100) return { tone: 'bad', words: 'Used up' }
  if (BigInt(used) + BigInt(held) >= BigInt(amount)) return { tone: 'bad', words: 'No room left' }
  if (usedPercent >= 90) return { tone: 'bad', words: 'Almost used up' }
  return usedPercent >= 75 ? { tone: 'warn', words: 'Over three quarters used' } : null
}

function sharesOf({ used, held, amount }: LimitAnswer): { usedShare: number; heldShare: number } {
  if (amount === null) return { usedShare: 0, heldShare: 0 }
  const whole = BigInt(amount)
  const usedShare = shareOf(BigInt(used), whole)
  return { usedShare, heldShare: shareOf(BigInt(used) + BigInt(held), whole) - usedShare }
}

function usedWords(limit: LimitAnswer, symbol: string): string {
  const { unit, amount } = limit
  const most = amount === null ? 'used' : `of ${quantity(amount, unit, symbol)}`
  const used = `${quantity(limit.used, unit, symbol)} ${most}`
  if (limit.held === '0') return used
  return `${used}, ${quantity(limit.held, unit, symbol)} held by running requests`
}
