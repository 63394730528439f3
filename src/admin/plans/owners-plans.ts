import type { CustomerId, PlanId } from '../../core/ids.ts'
import type { Plan } from '../../core/plan.ts'
import { listPlans } from '../../operations/list-published.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { AdminContext } from '../callers/callers.ts'
import { AdminFailure } from '../failures.ts'
import { seatsByPlan } from './plan-changes.ts'

/**
 * Which plans a customer has is the operator's to say, and it says so by the members that it seats. An owner gives seats
 * on these, and neither takes nor sees the terms that others have.
 */
type Reading = Pick<AdminApiParts, 'storage'>

/** All for the operator; for an owner those on which the own customer has a member. */
export async function plansFor(c: AdminContext, parts: Reading): Promise<readonly Plan[]> {
  const plans = await listPlans(parts)
  const caller = c.get('caller')
  if (caller.kind === 'operator') return plans
  const seats = await seatsByPlan(parts, caller.customerId)
  return plans.filter(({ id }) => seats.has(id))
}

/** Refuses an owner a plan on which nobody of this customer sits. */
export async function requireOwnPlan(
  c: AdminContext,
  parts: Reading,
  { customerId, planId }: { readonly customerId: CustomerId; readonly planId: PlanId },
): Promise<void> {
  if (c.get('caller').kind === 'operator') return
  if ((await seatsByPlan(parts, customerId)).has(planId)) return
  throw new AdminFailure(
    'owner_not_allowed',
    `An owner gives seats on plans that members of the customer have already; "${planId}" is none of them.`,
  )
}
