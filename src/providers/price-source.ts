import { findProvider, type MatchLogic, type ModelPrice } from '@pydantic/genai-prices'
import { divideUp, parseMoney, type Nanos } from '../core/money.ts'
import type { Meter, Rate } from '../core/usage.ts'

/**
 * Where rates come from: the snapshot inside a price package that the lock file pins, and a short list of
 * prices that the vendor published after that snapshot. Everything here is a whole number of nanos; the
 * package's decimals are read by their shortest text, so that 0.1 is exactly a tenth.
 */
export const snapshotName = '@pydantic/genai-prices 0.1.8'

export type Rates = { readonly [M in Meter]?: readonly Rate[] }

/** A model's rates from `sinceMs` on, until the next of its versions. */
export type RatesVersion = {
  readonly sinceMs: number
  readonly rates: Rates
  readonly source: string
}

/** A model as a source lists it. Names are lower case. */
export type ListedModel = {
  readonly name: string
  readonly matches: (modelName: string) => boolean
  /** Oldest first; never empty. */
  readonly versions: readonly RatesVersion[]
}

const million = 1_000_000n

/** Per million tokens, as the package writes it, and the meters that it prices. */
const tokenKeys: Readonly<Record<string, Meter>> = {
  input_mtok: 'input',
  output_mtok: 'output',
  cache_read_mtok: 'cache_read',
  cache_write_mtok: 'cache_write_5m',
  cache_write_1h_mtok: 'cache_write_1h',
}

/** What a model's name can look like; anything else is unknown, whatever it begins with. */
const plainName = /^[\w.:@-]{1,200}$/

/** Every Claude model of the snapshot that has rates which we can express exactly. */
export function snapshotModels(): readonly ListedModel[] {
  const provider = findProvider({ providerId: 'anthropic' })
  const models: ListedModel[] = []
  for (const model of provider?.models ?? []) {
    const versions = versionsOf(model.prices)
    if (versions === undefined) continue
    models.push({
      name: model.id,
      matches: (modelName) => plainName.test(modelName) && isMatch(model.match, modelName),
      versions,
    })
  }
  return models
}

type PackagePrices = NonNullable<ReturnType<typeof findProvider>>['models'][number]['prices']

function versionsOf(prices: PackagePrices): readonly RatesVersion[] | undefined {
  const listed = Array.isArray(prices) ? prices : [{ prices }]
  const versions: RatesVersion[] = []
  for (const { constraint, prices: modelPrice } of listed) {
    // A price by the hour of the day cannot be promised to somebody at authorize time.
    if (constraint?.type === 'time_of_date') return undefined
    const rates = ratesOf(modelPrice)
    if (rates === undefined) return undefined
    const sinceMs = constraint === undefined ? 0 : Date.parse(`${constraint.start_date}T00:00:00Z`)
    versions.push({ sinceMs, rates, source: snapshotName })
  }
  return versions.toSorted((left, right) => left.sinceMs - right.sinceMs)
}

function ratesOf(price: ModelPrice): Rates | undefined {
  const rates: { [M in Meter]?: readonly Rate[] } = {}
  for (const [key, value] of Object.entries(price)) {
    if (value === undefined) continue
    const meter = tokenKeys[key]
    if (meter !== undefined) {
      const steps = typeof value === 'number' ? { base: value, tiers: [] } : value
      const listed = [rateOf(0, steps.base)]
      for (const tier of steps.tiers) listed.push(rateOf(tier.start, tier.price))
      if (!listed.every((rate) => rate !== undefined)) return undefined
      rates[meter] = listed
    } else if (key === 'web_searches_kcount' && typeof value === 'number') {
      const perThousand = nanosOf(value)
      if (perThousand === undefined) return undefined
      rates.web_search = [{ aboveInputTokens: 0, nanosPerMillion: perThousand * 1000n }]
    } else {
      // A kind of usage that we do not meter would go unpaid.
      return undefined
    }
  }
  if (rates.input === undefined || rates.output === undefined) return undefined
  return { ...rates, ...missingCacheRates(rates.input, rates) }
}

/**
 * The vendor's general multiples of the base input price, for models whose entry leaves them out:
 * https://platform.claude.com/docs/en/about-claude/pricing#prompt-caching
 */
export function missingCacheRates(input: readonly Rate[], given: Rates): Rates {
  const times = (thousandths: bigint): readonly Rate[] =>
    input.map((rate) => ({
      ...rate,
      nanosPerMillion: divideUp(rate.nanosPerMillion * thousandths, 1000n),
    }))
  return {
    cache_read: given.cache_read ?? times(100n),
    cache_write_5m: given.cache_write_5m ?? times(1250n),
    cache_write_1h: given.cache_write_1h ?? times(2000n),
  }
}

function rateOf(aboveInputTokens: number, price: number): Rate | undefined {
  const nanosPerMillion = nanosOf(price)
  return nanosPerMillion === undefined ? undefined : { aboveInputTokens, nanosPerMillion }
}

/** `String` gives the shortest decimal that means this number: the one that people wrote. */
function nanosOf(decimal: number): Nanos | undefined {
  return parseMoney(String(decimal))
}

/**
 * Whether a name means this model. A further version number is another model with a price of its own, so
 * `claude-sonnet-5` never answers for `claude-sonnet-5-5`; a date, `-latest` or a variant is the same one.
 */
function isMatch(match: MatchLogic, name: string): boolean {
  if ('or' in match) return match.or.some((part) => isMatch(part, name))
  if ('and' in match) return match.and.every((part) => isMatch(part, name))
  if ('equals' in match) return name === match.equals
  if ('regex' in match) return new RegExp(match.regex).test(name)
  if ('starts_with' in match) return name.startsWith(match.starts_with) && isSame(match, name)
  // Parts inside a name are how other vendors' platforms write models; their prices are not ours.
  return false
}

function isSame({ starts_with: prefix }: { starts_with: string }, name: string): boolean {
  return !/^[-.]\d{1,2}(?!\d)/.test(name.slice(prefix.length))
}

/** Rates as people write them: currency units per million tokens, and per single search. */
export type WrittenRates = {
  readonly input: string
  readonly output: string
  readonly cache_read?: string | undefined
  readonly cache_write_5m?: string | undefined
  readonly cache_write_1h?: string | undefined
  readonly web_search?: string | undefined
}

/** Turns written rates into rates; `above` replaces token rates for requests with more input than that. */
export function ratesFrom(
  written: WrittenRates,
  above?: { readonly inputTokens: number; readonly rates: Omit<WrittenRates, 'web_search'> },
): Rates {
  const base = tokenRates(written, 0)
  const steps = above === undefined ? {} : tokenRates(above.rates, above.inputTokens)
  const rates: { [M in Meter]?: readonly Rate[] } = {}
  for (const meter of Object.values(tokenKeys)) {
    rates[meter] = [...(base[meter] ?? []), ...(steps[meter] ?? [])]
  }
  const perSearch = parseMoney(written.web_search ?? '0') ?? 0n
  rates.web_search = [{ aboveInputTokens: 0, nanosPerMillion: perSearch * million }]
  return rates
}

function tokenRates(written: Omit<WrittenRates, 'web_search'>, aboveInputTokens: number): Rates {
  const given: { [M in Meter]?: readonly Rate[] } = {}
  for (const meter of Object.values(tokenKeys)) {
    const text = written[meter as keyof typeof written]
    const nanosPerMillion = text === undefined ? undefined : parseMoney(text)
    if (nanosPerMillion !== undefined) given[meter] = [{ aboveInputTokens, nanosPerMillion }]
  }
  return { ...given, ...missingCacheRates(given.input ?? [], given) }
}
