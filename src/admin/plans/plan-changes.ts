import type { CustomerId, LimitId, PlanId } from '../../core/ids.ts'
import type { Plan } from '../../core/plan.ts'
import type { Unit } from '../../core/usage.ts'
import type { Parts } from '../../operations/parts.ts'

type MemberScope = Parameters<Parts['storage']['update']>[0]

/** What publishing changed about one plan, and how many it concerns. */
export type PlanChange = {
  readonly planId: PlanId
  readonly isNew: boolean
  /** Members that sit on it. */
  readonly memberCount: number
  /** Limits that came, went, or have another amount; null is the side on which there is none. */
  readonly limits: readonly {
    readonly limitId: LimitId
    readonly unit: Unit
    readonly before: bigint | null
    readonly after: bigint | null
  }[]
}

/** Compares plans before and after they were published; only those named are told. */
export async function planChanges(
  parts: Pick<Parts, 'storage'>,
  plans: { readonly before: readonly Plan[]; readonly after: readonly Plan[] },
  changed: readonly PlanId[],
): Promise<readonly PlanChange[]> {
  if (changed.length === 0) return []
  const seats = await seatsByPlan(parts)
  return changed.map((planId) => {
    const before = plans.before.find(({ id }) => id === planId)
    const after = plans.after.find(({ id }) => id === planId)
    return {
      planId,
      isNew: before === undefined,
      memberCount: seats.get(planId)?.length ?? 0,
      limits: limitChanges(before, after),
    }
  })
}

function limitChanges(before: Plan | undefined, after: Plan | undefined): PlanChange['limits'] {
  const old = new Map(before?.limits.map((limit) => [limit.id, limit]))
  const now = new Map(after?.limits.map((limit) => [limit.id, limit]))
  return [...new Map([...old, ...now]).values()].flatMap(({ id, unit }) => {
    const amounts = { before: old.get(id)?.amount ?? null, after: now.get(id)?.amount ?? null }
    return amounts.before === amounts.after ? [] : [{ limitId: id, unit, ...amounts }]
  })
}

/**
 * Who sits on which plan, everywhere or at one customer. Seatings are few, so they are read through: the last one of a
 * member says where it sits.
 */
export async function seatsByPlan(
  { storage }: Pick<Parts, 'storage'>,
  ofCustomer?: CustomerId,
): Promise<ReadonlyMap<PlanId, readonly MemberScope[]>> {
  const owner = ofCustomer === undefined ? {} : { customerId: ofCustomer }
  const seats = new Map<string, { readonly planId: PlanId; readonly scope: MemberScope }>()
  let afterPosition = 0
  for (;;) {
    const entries = await storage.entries({ ...owner, kind: 'member_seated', afterPosition })
    for (const { customerId, memberId, body } of entries) {
      if (body.kind !== 'member_seated' || memberId === null) continue
      const scope = { customerId, memberId }
      seats.set(`${customerId}:${memberId}`, { planId: body.planId, scope })
    }
    const last = entries.at(-1)
    if (last === undefined) break
    afterPosition = last.position
  }
  const byPlan = new Map<PlanId, MemberScope[]>()
  for (const { planId, scope } of seats.values()) {
    const known = byPlan.get(planId)
    if (known === undefined) byPlan.set(planId, [scope])
    else known.push(scope)
  }
  return byPlan
}
