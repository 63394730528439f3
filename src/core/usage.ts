import { divideUp, type Nanos } from './money.ts'
import type { PriceId } from './ids.ts'

/**
 * Meters: what an LLM API counts. Token meters are disjoint (`input` leaves out what was read from or
 * written to a cache), so their sum is the number of tokens of a request.
 */
export const tokenMeters = [
  'input',
  'output',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
] as const
export const toolMeters = ['web_search', 'web_fetch', 'code_execution'] as const
export type Meter = (typeof tokenMeters)[number] | (typeof toolMeters)[number]

/** Counted quantities by meter: whole, non-negative numbers. A meter that is absent counts zero. */
export type Usage = { readonly [M in Meter]?: number }

/** A rate applies when the request's whole input (all kinds) is above `aboveInputTokens`; the last such rate wins. */
export type Rate = { readonly aboveInputTokens: number; readonly nanosPerMillion: bigint }

/**
 * What one model costs. `id` is a digest of the content, so a price never changes under its id.
 * `multipliers` are thousandths keyed `<field>:<value>` as the API reports them (`service_tier:batch` 500).
 */
export type Price = {
  readonly id: PriceId
  readonly model: string
  /** Where the price comes from, for people: package and version, or the operator's file. */
  readonly source: string
  readonly rates: { readonly [M in Meter]?: readonly Rate[] }
  readonly multipliers: Readonly<Record<string, number>>
}

/** How one request was served, where that changes its price: `service_tier:batch`, `speed:fast`. */
export type ServiceMarks = readonly string[]

/** An amount in every unit that a limit can count in. */
export type Unit = 'money' | 'tokens' | 'requests'
export type Amounts = { readonly [U in Unit]: bigint }

/** In the order of a bill. */
const meters: readonly Meter[] = [...tokenMeters, ...toolMeters]
const inputMeters: readonly Meter[] = ['input', 'cache_read', 'cache_write_5m', 'cache_write_1h']

/** All tokens of a request, of every kind. */
export function countTokens(usage: Usage): number {
  let tokens = 0
  for (const meter of tokenMeters) tokens += usage[meter] ?? 0
  return tokens
}

function rateOf(price: Price, meter: Meter, inputTokens: number): bigint {
  const rate = price.rates[meter]?.findLast(
    ({ aboveInputTokens: aboveTokens }) => inputTokens > aboveTokens || aboveTokens === 0,
  )
  return rate?.nanosPerMillion ?? 0n
}

/** One line of a bill: a meter, its quantity, and the rate that applied. */
export type PriceLine = {
  readonly meter: Meter
  readonly quantity: number
  readonly nanosPerMillion: bigint
}

/** The lines of a bill, for display; they multiply and sum to `costOf` before its one rounding. */
export function priceLines(price: Price, usage: Usage): readonly PriceLine[] {
  let inputTokens = 0
  for (const meter of inputMeters) inputTokens += usage[meter] ?? 0
  const lines: PriceLine[] = []
  for (const meter of meters) {
    const quantity = usage[meter] ?? 0
    if (quantity > 0) {
      lines.push({ meter, quantity, nanosPerMillion: rateOf(price, meter, inputTokens) })
    }
  }
  return lines
}

/**
 * What usage costs: multiplied first, rounded up once per request (L6: integers end to end). The way of
 * serving changes the price of tokens only; a web search costs the same however it was served.
 */
export function costOf(price: Price, usage: Usage, marks: ServiceMarks = []): Nanos {
  let tokens = 0n
  let tools = 0n
  for (const { meter, quantity, nanosPerMillion } of priceLines(price, usage)) {
    const amount = BigInt(quantity) * nanosPerMillion
    if (isToolMeter(meter)) tools += amount
    else tokens += amount
  }
  let divisor = 1_000_000n
  for (const mark of marks) {
    const thousandths = price.multipliers[mark]
    if (thousandths === undefined) continue
    tokens *= BigInt(thousandths)
    tools *= 1000n
    divisor *= 1000n
  }
  return divideUp(tokens + tools, divisor)
}

function isToolMeter(meter: Meter): boolean {
  return toolMeters.some((tool) => tool === meter)
}

/** A request's size in every unit: its cost, its tokens, and one request. */
export function amountsOf(price: Price, usage: Usage, marks?: ServiceMarks): Amounts {
  return { money: costOf(price, usage, marks), tokens: BigInt(countTokens(usage)), requests: 1n }
}

/** Whether every rate is zero: such a model stays usable when money is out (D17). */
export function isFree(price: Price): boolean {
  return Object.values(price.rates).every((rates) => rates.every((r) => r.nanosPerMillion === 0n))
}
