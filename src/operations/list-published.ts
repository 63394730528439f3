import type { Plan } from '../core/plan.ts'
import type { Price } from '../core/usage.ts'
import type { Parts } from './parts.ts'

/** The plans that members can be seated on, as the journal has them now. */
export function listPlans({ storage }: Pick<Parts, 'storage'>): Promise<readonly Plan[]> {
  return storage.updateSystem(({ plans }) => ({ answer: [...plans.values()], entries: [] }))
}

/** The prices that a decision has used so far, by model. */
export async function listPrices({ storage }: Pick<Parts, 'storage'>): Promise<readonly Price[]> {
  const prices = await storage.updateSystem((state) => ({
    answer: [...state.prices.values()],
    entries: [],
  }))
  return prices.toSorted((left, right) => (left.model < right.model ? -1 : 1))
}
