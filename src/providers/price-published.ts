import { ratesFrom, type ListedModel, type Rates, type WrittenRates } from './price-source.ts'

/**
 * Prices that the vendor published after the package's snapshot was made, or that it has wrong. Each line
 * names the page it was read from. Remove a model here as soon as a newer snapshot prices it the same.
 */
export const publishedModels: readonly ListedModel[] = [
  // https://platform.claude.com/docs/en/models/haiku-5-5/overview : dearer as a whole above 100,000 tokens.
  published('claude-haiku-5-5', {
    '2026-10-07': ratesFrom(written(['0.10', '0.50', '0.01', '0.125', '0.20']), {
      inputTokens: 100_000,
      rates: written(['0.50', '2.50', '0.05', '0.625', '1']),
    }),
  }),
  // https://platform.claude.com/docs/en/models/sonnet-5-5/overview : cache reads went from 10 % to 5 % of
  // the input price, see the notes on https://platform.claude.com/docs/en/models/haiku-5-5/overview
  published('claude-sonnet-5-5', {
    '2026-09-01': ratesFrom(written(['2', '10', '0.20', '2.50', '4'])),
    '2026-10-07': ratesFrom(written(['2', '10', '0.10', '2.50', '4'])),
  }),
  // https://platform.claude.com/docs/en/models/fable-5-2/overview
  published('claude-fable-5-2', {
    '2026-11-09': ratesFrom(written(['8', '40', '0.20', '10', '16'])),
  }),
]

/**
 * Thousandths by which token rates change with how a request was served:
 * batches are half price, fast mode is twice the standard rates on every model that still offers it, and
 * inference in one country costs a tenth more. https://platform.claude.com/docs/en/about-claude/pricing
 */
export const servingMultipliers: Readonly<Record<string, number>> = {
  'service_tier:batch': 500,
  'speed:fast': 2000,
  'inference_geo:us': 1100,
}

/** The columns of the vendor's list: base input, output, cache hits, 5 minute writes, 1 hour writes. */
type Columns = readonly [string, string, string, string, string]

function written([input, output, read, write5m, write1h]: Columns): WrittenRates {
  return {
    input,
    output,
    cache_read: read,
    cache_write_5m: write5m,
    cache_write_1h: write1h,
    web_search: '0.01',
  }
}

/** Versions by the day on which they were published. */
function published(name: string, versions: Readonly<Record<string, Rates>>): ListedModel {
  const dated = new RegExp(`^${name}(-\\d{8})?$`)
  return {
    name,
    matches: (modelName) => dated.test(modelName),
    // Nobody can call a model before it exists, so its first price needs no beginning.
    versions: Object.entries(versions).map(([day, rates], index) => ({
      sinceMs: index === 0 ? 0 : Date.parse(`${day}T00:00:00Z`),
      rates,
      source: `vendor's price list, ${day}`,
    })),
  }
}
