import type { SystemState } from '../core/account.ts'
import { publishPlan } from '../core/commands.ts'
import type { Actor } from '../core/entry.ts'
import type { PlanId } from '../core/ids.ts'
import type { Plan } from '../core/plan.ts'
import type { Change, NewEntry } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/**
 * Puts plans into the journal before any decision reads them (R5). A plan that did not change
 * writes nothing; limits raised here count for the very next decision (D9).
 */
export function publishPlans(
  parts: Parts,
  plans: readonly Plan[],
  /** Who asked for it; the system itself at a start. */
  actor?: Actor,
): Promise<{ readonly changed: readonly PlanId[] }> {
  // All in one transaction: a plan that cannot be published leaves the others as they were.
  return parts.storage.updateSystem(publishing(plans, actor))
}

/**
 * The plans of an installation that has none. Whether it has any is asked where they are written: another server may
 * have published some since anybody looked, and those stay.
 */
export async function publishFirstPlans(parts: Parts, plans: readonly Plan[]): Promise<void> {
  const publish = publishing(plans)
  await parts.storage.updateSystem((system, context) =>
    system.plans.size > 0 ? { answer: { changed: [] }, entries: [] } : publish(system, context),
  )
}

function publishing(
  plans: readonly Plan[],
  actor?: Actor,
): Change<SystemState, { readonly changed: readonly PlanId[] }> {
  return (system, context) => {
    const changed: PlanId[] = []
    const entries: NewEntry[] = []
    for (const plan of plans) {
      const draft = publishPlan(system, plan, context)
      if (draft === undefined) continue
      changed.push(plan.id)
      entries.push(actor === undefined ? draft : { ...draft, actor })
    }
    return { answer: { changed }, entries }
  }
}
