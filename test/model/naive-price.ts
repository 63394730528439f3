import type { RequestFacts } from '../../src/core/entry.ts'
import type { Amounts, Meter, Price, Usage } from '../../src/core/usage.ts'

const toolMeters = ['web_search', 'web_fetch', 'code_execution']

/**
 * What usage costs, by the price list: the dearest tier reached, multiplied out, rounded up once. How a request is
 * served changes the price of its tokens, not of its tools.
 */
export function priceOf(price: Price, usage: Usage, marks: readonly string[]): bigint {
  const read = (usage.input ?? 0) + (usage.cache_read ?? 0)
  const written = (usage.cache_write_5m ?? 0) + (usage.cache_write_1h ?? 0)
  const factors = marks.map((mark) => BigInt(price.multipliers[mark] ?? 1000))
  let dividend = 0n
  for (const [meter, rates] of Object.entries(price.rates)) {
    const reached = rates.filter(
      (rate) => rate.aboveInputTokens === 0 || read + written > rate.aboveInputTokens,
    )
    let part = BigInt(usage[meter as Meter] ?? 0) * (reached.at(-1)?.nanosPerMillion ?? 0n)
    for (const factor of factors) part *= toolMeters.includes(meter) ? 1000n : factor
    dividend += part
  }
  const divisor = 1_000_000n * 1000n ** BigInt(factors.length)
  return (dividend + divisor - 1n) / divisor
}

export function sizeOf(price: Price, usage: Usage, marks: readonly string[] = []): Amounts {
  const kinds: Meter[] = ['input', 'output', 'cache_read', 'cache_write_5m', 'cache_write_1h']
  const tokens = kinds.reduce((total, kind) => total + BigInt(usage[kind] ?? 0), 0n)
  return { money: priceOf(price, usage, marks), tokens, requests: 1n }
}

export const bucketOf = (facts: RequestFacts): string =>
  `${facts.model}|${facts.isThinking ? 't' : 'n'}|${Math.floor(Math.log2(facts.maxTokens))}`

export const isFree = (price: Price): boolean =>
  Object.values(price.rates).every((rates) => rates.every((rate) => rate.nanosPerMillion === 0n))
