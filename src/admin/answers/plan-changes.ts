import type { LimitId, MemberId, PlanId } from '../../core/ids.ts'
import type { Plan } from '../../core/plan.ts'
import type { Unit } from '../../core/usage.ts'
import type { Parts } from '../../operations/parts.ts'

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
  const counts = await seatCounts(parts)
  return changed.map((planId) => {
    const before = plans.before.find(({ id }) => id === planId)
    const after = plans.after.find(({ id }) => id === planId)
    return {
      planId,
      isNew: before === undefined,
      memberCount: counts.get(planId) ?? 0,
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

/** Seatings are few, so they are read through: the last one of a member says where it sits. */
async function seatCounts({
  storage,
}: Pick<Parts, 'storage'>): Promise<ReadonlyMap<PlanId, number>> {
  const seats = new Map<MemberId, PlanId>()
  let afterPosition = 0
  for (;;) {
    const entries = await storage.entries({ kind: 'member_seated', afterPosition })
    for (const { memberId, body } of entries)
      if (body.kind === 'member_seated' && memberId !== null) seats.set(memberId, body.planId)
    const last = entries.at(-1)
    if (last === undefined) break
    afterPosition = last.position
  }
  const counts = new Map<PlanId, number>()
  for (const planId of seats.values()) counts.set(planId, (counts.get(planId) ?? 0) + 1)
  return counts
}
