import type { Entry } from '../../../src/core/entry.ts'
import type { Plan } from '../../../src/core/plan.ts'
import type { Amounts, Price } from '../../../src/core/usage.ts'
import { bucketOf, sizeOf } from '../../model/naive-price.ts'
import type { Body } from './entry-rules.ts'
import type { Ledger } from './ledger.ts'

/** Of alike requests, so many of the last ones are learned from. */
const learnedMax = 32

/**
 * How large a hold is: what the request is expected to cost by the member's last alike ones, and where the operator's
 * allowance for overruns does not reach, all that it can. What is wrong with one; null when nothing is.
 */
export function faultOfSize(
  ledger: Ledger,
  { body, atMs, memberId }: Pick<Entry, 'atMs' | 'memberId'> & { readonly body: Body<'held'> },
  { plan, price }: { readonly plan: Plan; readonly price: Price | undefined },
): string | null {
  const { holdId, facts, source, amounts, overrunReserveNanos } = body
  if (price === undefined) return `${holdId} has no price`
  const { inputTokensExpected: input, inputTokensMax, maxTokens } = facts
  const learned = ledger.learned(memberId ?? '', bucketOf(facts)).slice(-learnedMax)
  const output = Math.min(percentileOf(learned) ?? plan.outputTokensExpected, maxTokens)
  const likely = sizeOf(price, { input, output })
  const most = [
    sizeOf(price, { input: inputTokensMax, output: maxTokens }),
    sizeOf(price, { cache_write_5m: inputTokensMax, output: maxTokens }),
    sizeOf(price, { cache_write_1h: inputTokensMax, output: maxTokens }),
  ]
  const worst = most.reduce((one, other) => (other.money > one.money ? other : one))
  const expected = smallerOf(likely, worst)
  const reserve = worst.money - expected.money
  const risk = ledger.overrunInMonth(atMs) + ledger.reserved() + reserve
  const isAll = source === 'extra_usage' && (ledger.isStrict || risk > ledger.overrunMax)
  const right = { ...expected, money: isAll ? worst.money : expected.money }
  const told = `${amounts.money}, ${amounts.tokens} tokens`
  const correct = `${right.money}, ${right.tokens} tokens`
  if (told !== correct) return `${holdId} is of ${told}, not ${correct}`
  const kept = source === 'extra_usage' && !isAll ? reserve : 0n
  return overrunReserveNanos === kept
    ? null
    : `${holdId} reserves ${overrunReserveNanos} of the allowance, not ${kept}`
}

/** The 90th percentile, by nearest rank. */
const percentileOf = (outputs: readonly number[]): number | undefined =>
  outputs.toSorted((a, b) => a - b)[Math.ceil(outputs.length * 0.9) - 1]

const smallerOf = (likely: Amounts, worst: Amounts): Amounts => ({
  money: likely.money < worst.money ? likely.money : worst.money,
  tokens: likely.tokens < worst.tokens ? likely.tokens : worst.tokens,
  requests: 1n,
})
