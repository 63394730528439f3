import { publishPrice } from '../core/commands.ts'
import type { PriceId } from '../core/ids.ts'
import type { Price } from '../core/usage.ts'
import type { Storage } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/** Prices that are known to be in the journal, per storage; a price never changes under its id. */
const published = new WeakMap<Storage, Set<PriceId>>()

/** Journals a price before a decision uses it; does nothing when it is there already. */
export async function ensurePrice(parts: Parts, price: Price): Promise<void> {
  let known = published.get(parts.storage)
  if (known === undefined) {
    known = new Set()
    published.set(parts.storage, known)
  }
  if (known.has(price.id)) return
  await parts.storage.updateSystem((system, context) => ({
    answer: undefined,
    entries: system.prices.has(price.id) ? [] : [publishPrice(price, context)],
  }))
  known.add(price.id)
}
