import type { CustomerId } from '../core/ids.ts'
import { toolMeters, type Meter, type Usage } from '../core/usage.ts'
import type { Delivered } from './anthropic-delivery.ts'
import { bytesPerToken } from './anthropic-input.ts'
import { usageTokensMax } from './anthropic-report.ts'
import type { MeterReading } from './anthropic-usage.ts'

/**
 * What to settle when a reply ended without a believable final report. Every figure from here is an
 * estimate and is flagged as one where it is written down.
 */
export type OutputRates = {
  readonly tokensPerMillionBytes: number
  readonly tokensPerSecondThinking: number
}

/** Until a model has answered: the vendor's bytes per token, and a middling speed of writing. */
export const ratesDefault: OutputRates = {
  tokensPerMillionBytes: 1_000_000 / bytesPerToken,
  tokensPerSecondThinking: 50,
}

export type OutputFacts = {
  /** Output tokens as last reported, believably. */
  readonly reportedTokens: number
  readonly delivered: Delivered
  readonly rates: OutputRates
}

/** The largest of: what was reported, what was delivered, what was thought; each in tokens. */
export function estimateOutput({ reportedTokens, delivered, rates }: OutputFacts): number {
  const bytes = delivered.textBytes + delivered.thinkingBytes + delivered.toolBytes
  const byBytes = Math.ceil((bytes * rates.tokensPerMillionBytes) / 1_000_000)
  // The upstream's own count of hidden thinking is coarse, but better than a clock.
  const byThinking =
    delivered.thinkingTokensHint > 0
      ? delivered.thinkingTokensHint
      : Math.ceil((delivered.thinkingMs * rates.tokensPerSecondThinking) / 1000)
  return Math.max(reportedTokens, byBytes, byThinking)
}

export type UsageFacts = {
  readonly reading: MeterReading
  readonly rates: OutputRates
  /** From reading the request. */
  readonly inputTokensExpected: number
  readonly maxTokens: number
}

/** The final usage where there is one; else what was reported, completed by estimates. */
export function estimateUsage(facts: UsageFacts): Usage {
  const { reading, rates, inputTokensExpected, maxTokens } = facts
  if (reading.finalUsage !== undefined) return reading.finalUsage
  const { usage, delivered, hasFinalReport } = reading
  const reportedTokens = usage.output ?? 0
  const output = estimateOutput({ reportedTokens, delivered, rates })
  const cachedTokens =
    (usage.cache_read ?? 0) + (usage.cache_write_5m ?? 0) + (usage.cache_write_1h ?? 0)
  const input = usage.input ?? Math.max(0, inputTokensExpected - cachedTokens)
  // A last report has counted what tools brought in; the first one came before them.
  const broughtIn = hasFinalReport ? 0 : Math.ceil(delivered.toolResultBytes / bytesPerToken)
  return {
    ...usage,
    ...usedTools(usage, delivered.toolUses),
    input: Math.min(input + broughtIn, Math.max(input, usageTokensMax)),
    // No answer is longer than it was allowed to be, whatever an estimate says.
    output: Math.max(reportedTokens, Math.min(output, maxTokens)),
  }
}

function usedTools(reported: Usage, seen: Usage): Usage {
  const used: { [M in Meter]?: number } = {}
  for (const meter of toolMeters) {
    const count = Math.max(reported[meter] ?? 0, seen[meter] ?? 0)
    if (count > 0) used[meter] = count
  }
  return used
}

type Sample = { readonly units: number; readonly tokens: number }
type Samples = { readonly bytes: Sample[]; readonly thinking: Sample[] }

/** Whose answers, and of which model. */
export type Learning = { readonly customerId: CustomerId; readonly model: string }

/**
 * Learns from whole replies how many tokens a model's bytes and seconds are, for each customer from its own answers
 * alone: nobody's traffic changes what another is charged.
 */
export type RateLearner = {
  ratesOf(learning: Learning): OutputRates
  learn(learning: Learning, reading: MeterReading): void
}

const samplesMax = 32
/**
 * Callers choose model names, and customers come and go, so memory is bounded by both: the customer whose last whole
 * reply is the oldest is forgotten, and is estimated by the declared rates until its next one.
 */
const customersMax = 5000
const modelsMax = 16

export function createRateLearner(): RateLearner {
  const byCustomer = new Map<CustomerId, Map<string, Samples>>()
  return {
    ratesOf({ customerId, model }) {
      const samples = byCustomer.get(customerId)?.get(model)
      if (samples === undefined) return ratesDefault
      const perByte = ratio(samples.bytes) ?? ratesDefault.tokensPerMillionBytes / 1_000_000
      const perMs = ratio(samples.thinking) ?? ratesDefault.tokensPerSecondThinking / 1000
      return {
        tokensPerMillionBytes: within(Math.round(perByte * 1_000_000), 50_000, 1_000_000),
        tokensPerSecondThinking: within(Math.round(perMs * 1000), 1, 1000),
      }
    },
    learn({ customerId, model }, reading) {
      const lesson = lessonOf(reading)
      if (lesson === undefined) return
      const byModel = byCustomer.get(customerId) ?? new Map<string, Samples>()
      const samples = byModel.get(model) ?? { bytes: [], thinking: [] }
      push(samples.bytes, lesson.bytes)
      push(samples.thinking, lesson.thinking)
      putLast(byModel, { key: model, value: samples, sizeMax: modelsMax })
      putLast(byCustomer, { key: customerId, value: byModel, sizeMax: customersMax })
    },
  }
}

/** The first key of the map is the one put longest ago, and goes when there are too many. */
function putLast<Key, Value>(
  map: Map<Key, Value>,
  { key, value, sizeMax }: { readonly key: Key; readonly value: Value; readonly sizeMax: number },
): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= sizeMax) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    break
  }
}

/**
 * Hidden thinking has tokens and time but no bytes, so it is kept apart from the rest of the output; a
 * reply that hides it without saying how much it was teaches nothing.
 */
function lessonOf(reading: MeterReading): { bytes: Sample; thinking: Sample } | undefined {
  const { finalUsage, delivered, thinkingTokens } = reading
  if (finalUsage === undefined) return undefined
  const isHidden = delivered.thinkingBytes === 0
  const hasThought = delivered.thinkingMs > 0 || delivered.thinkingTokensHint > 0
  if (isHidden && hasThought && thinkingTokens === null) return undefined
  const hiddenTokens = isHidden ? (thinkingTokens ?? 0) : 0
  const bytes = delivered.textBytes + delivered.thinkingBytes + delivered.toolBytes
  return {
    bytes: { units: bytes, tokens: Math.max(0, (finalUsage.output ?? 0) - hiddenTokens) },
    thinking: { units: delivered.thinkingMs, tokens: thinkingTokens ?? 0 },
  }
}

function push(samples: Sample[], sample: Sample): void {
  if (sample.units <= 0 || sample.tokens <= 0) return
  samples.push(sample)
  if (samples.length > samplesMax) samples.shift()
}

function ratio(samples: readonly Sample[]): number | undefined {
  let units = 0
  let tokens = 0
  for (const sample of samples) {
    units += sample.units
    tokens += sample.tokens
  }
  return units === 0 ? undefined : tokens / units
}

const within = (value: number, min: number, max: number): number =>
  Math.min(Math.max(value, min), max)
