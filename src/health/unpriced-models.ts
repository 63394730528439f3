import type { PriceBook } from '../providers/prices.ts'

/** Names of models that were asked for and have no price, so that the operator hears of them. */
export type UnpricedModels = { names(): readonly string[] }

/** Callers choose the names: what is kept of them is bounded, and shortened. */
const namesMax = 20
const nameLengthMax = 80

/** The same book, which remembers what it had no price for since the start. */
export function watchPrices(book: PriceBook): PriceBook & UnpricedModels {
  const names = new Set<string>()
  return {
    modelNames: (atMs) => book.modelNames(atMs),
    priceOf: (request, atMs) => {
      const price = book.priceOf(request, atMs)
      if (price === undefined && names.size < namesMax) {
        names.add(request.model.slice(0, nameLengthMax))
      }
      return price
    },
    names: () => [...names],
  }
}
