import type { MemberState } from './account.ts'
import type { RequestFacts } from './entry.ts'
import { larger, smaller, type Nanos } from './money.ts'
import type { Plan } from './plan.ts'
import { amountsOf, costOf, type Amounts, type Price, type Usage } from './usage.ts'

/** What a request will probably cost (the amount of its hold) and the most it can cost, before it runs. */
export type Forecast = {
  readonly bucket: string
  readonly expected: Amounts
  readonly worst: Amounts
}

/** The percentile of past output that a hold expects, in hundredths (DESIGN: the 90th). */
const outputPercentile = 90

/** Requests are alike when they share model, thinking mode and the power of two of `max_tokens`. */
export function bucketOf(facts: RequestFacts): string {
  const size = Math.floor(Math.log2(Math.max(1, facts.maxTokens)))
  return `${facts.model}|${facts.isThinking ? 't' : 'n'}|${size}`
}

/** The 90th percentile by nearest rank; undefined without history. */
export function expectedOutput(outputs: readonly number[] | undefined): number | undefined {
  if (outputs === undefined) return undefined
  const sorted = outputs.toSorted((left, right) => left - right)
  return sorted[Math.ceil((outputPercentile * sorted.length) / 100) - 1]
}

/** Never above the worst case in any unit. */
export function forecast(
  input: { readonly member: MemberState; readonly plan: Plan; readonly price: Price },
  facts: RequestFacts,
): Forecast {
  const { member, plan, price } = input
  const bucket = bucketOf(facts)
  const learned = expectedOutput(member.outputs.get(bucket)) ?? plan.outputTokensExpected
  const worst = worstCase(price, facts)
  const likely = amountsOf(price, {
    input: facts.inputTokensExpected,
    output: Math.min(learned, facts.maxTokens),
  })
  const expected: Amounts = {
    money: smaller(likely.money, worst.money),
    tokens: smaller(likely.tokens, worst.tokens),
    requests: 1n,
  }
  return { bucket, expected, worst }
}

/** All input at the dearest way to be counted (fresh, or written to a cache), and every output token allowed. */
function worstCase(price: Price, facts: RequestFacts): Amounts {
  const inputTokens = facts.inputTokensMax
  const ways: readonly Usage[] = [
    { input: inputTokens, output: facts.maxTokens },
    { cache_write_5m: inputTokens, output: facts.maxTokens },
    { cache_write_1h: inputTokens, output: facts.maxTokens },
  ]
  let moneyNanos: Nanos = 0n
  for (const way of ways) moneyNanos = larger(moneyNanos, costOf(price, way))
  return { money: moneyNanos, tokens: BigInt(inputTokens + facts.maxTokens), requests: 1n }
}
