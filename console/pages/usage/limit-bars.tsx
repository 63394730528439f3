import type { LimitAnswer } from '../../../src/admin/contract/answers.ts'
import { percent, quantity } from '../../format/numbers.ts'
import { Badge } from '../../ui/badge.tsx'
import { Meter, shareOf } from '../../ui/meter.tsx'
import { Clock, Countdown } from '../../ui/moment.tsx'

/** A bar per limit: how much of it is used and held, and when it starts over. */
export function LimitBars(props: {
  readonly limits: readonly LimitAnswer[]
  readonly symbol: string
}) {
  return (
    <ul className="limits">
      {props.limits.map((limit) => (
        <LimitBar key={limit.limitId} limit={limit} symbol={props.symbol} />
      ))}
    </ul>
  )
}

function LimitBar({ limit, symbol }: { readonly limit: LimitAnswer; readonly symbol: string }) {
  const [used, held, amount] = [BigInt(limit.used), BigInt(limit.held), BigInt(limit.amount)]
  const warning = warningOf(limit)
  const usedShare = shareOf(used, amount)
  const words = usedWords(limit, symbol)
  const share = percent(limit.usedPercent, limit.used)
  return (
    <li className={`limit ${warning?.tone ?? 'plain'}`}>
      <p className="limit-head">
        <span className="strong">
          {limit.title}{' '}
          {warning === null ? null : <Badge tone={warning.tone}>{warning.words}</Badge>}
        </span>
        <span className="percent">{share} used</span>
      </p>
      <Meter
        label={limit.title}
        usedShare={usedShare}
        heldShare={shareOf(used + held, amount) - usedShare}
        words={`${share} used, ${words}`}
        tone={warning?.tone ?? 'plain'}
      />
      <p className="limit-foot">
        <span>{words}</span>
        {limit.resetMs === null ? (
          <span>starts with your next message</span>
        ) : (
          <span>
            resets <Clock atMs={limit.resetMs} />, <Countdown atMs={limit.resetMs} />
          </span>
        )}
      </p>
    </li>
  )
}

type Warning = { readonly tone: 'warn' | 'bad'; readonly words: string }

/** A limit is full for the gate when what is used and held reaches it. */
function warningOf({ used, held, amount, usedPercent }: LimitAnswer): Warning | null {
  if (usedPercent >= 100) return { tone: 'bad', words: 'Used up' }
  if (BigInt(used) + BigInt(held) >= BigInt(amount)) return { tone: 'bad', words: 'No room left' }
  if (usedPercent >= 90) return { tone: 'bad', words: 'Almost used up' }
  return usedPercent >= 75 ? { tone: 'warn', words: 'Over three quarters used' } : null
}

function usedWords(limit: LimitAnswer, symbol: string): string {
  const { unit } = limit
  const used = `${quantity(limit.used, unit, symbol)} of ${quantity(limit.amount, unit, symbol)}`
  if (limit.held === '0') return used
  return `${used}, ${quantity(limit.held, unit, symbol)} held by running requests`
}
