import { publishPlan } from '../core/commands.ts'
import type { PlanId } from '../core/ids.ts'
import type { Plan } from '../core/plan.ts'
import type { Parts } from './parts.ts'

/**
 * Puts plans into the journal before any decision reads them (R5). A plan that did not change
 * writes nothing; limits raised here count for the very next decision (D9).
 */
export async function publishPlans(
  parts: Parts,
  plans: readonly Plan[],
): Promise<{ readonly changed: readonly PlanId[] }> {
  const changed: PlanId[] = []
  for (const plan of plans) {
    const isChanged = await parts.storage.updateSystem((system, context) => {
      const draft = publishPlan(system, plan, context)
      return { answer: draft !== undefined, entries: draft === undefined ? [] : [draft] }
    })
    if (isChanged) changed.push(plan.id)
  }
  return { changed }
}
