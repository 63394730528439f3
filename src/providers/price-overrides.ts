import { z } from 'zod'
import { parseMoney } from '../core/money.ts'
import { ratesFrom, type ListedModel, type Rates } from './price-source.ts'

/**
 * The operator's own prices, from a JSON file:
 *
 *   { "models": { "claude-opus-5-5": { "input": "4", "output": "20" } } }
 *
 * Amounts are texts in currency units per million tokens, `web_search` per search. A key is a model's name
 * or the beginning of names; the longest that fits wins, and it wins over every other source.
 */
export type PriceOverrides = readonly ListedModel[]

export class PriceOverridesError extends Error {
  readonly code = 'price_overrides_invalid'
}

const amount = z.string().refine((text) => parseMoney(text) !== undefined, {
  message: 'is a text such as "4" or "0.125": digits and at most nine decimals',
})

const tokenRates = {
  input: amount,
  output: amount,
  cache_read: amount.optional(),
  cache_write_5m: amount.optional(),
  cache_write_1h: amount.optional(),
}

const file = z.strictObject({
  models: z.record(
    z.string().min(1).max(200),
    z.strictObject({
      ...tokenRates,
      web_search: amount.optional(),
      /** Other token rates for requests with more input tokens than this, of all kinds. */
      above: z.strictObject({ input_tokens: z.int().positive(), ...tokenRates }).optional(),
    }),
  ),
})

type WrittenModel = z.infer<typeof file>['models'][string]

/** What a search costs when a file names a price for tokens alone, as the vendor's list has it. */
const searchDefault = '0.01'

export function parsePriceOverrides(value: unknown): PriceOverrides {
  const parsed = file.safeParse(value)
  if (!parsed.success) {
    throw new PriceOverridesError(
      `The price file cannot be used: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`,
    )
  }
  return Object.entries(parsed.data.models)
    .toSorted(([left], [right]) => right.length - left.length)
    .map(([name, written]) => ({
      name,
      matches: (modelName: string) => modelName.startsWith(name),
      versions: [{ sinceMs: 0, rates: ratesOf(written), source: "operator's price file" }],
    }))
}

function ratesOf({ above, ...written }: WrittenModel): Rates {
  const isFree = parseMoney(written.input) === 0n && parseMoney(written.output) === 0n
  const rates = { ...written, web_search: written.web_search ?? (isFree ? '0' : searchDefault) }
  if (above === undefined) return ratesFrom(rates)
  const { input_tokens: inputTokens, ...dearer } = above
  return ratesFrom(rates, { inputTokens, rates: dearer })
}
