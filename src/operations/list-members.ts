import type { CustomerId, MemberId, PlanId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { spentNanos } from '../core/wallet.ts'
import { UnknownScopeError, type MemberScope } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/** A member's seat and settings as the operator sees them. */
export type MemberOverview = MemberScope & {
  readonly name: string | null
  readonly isActive: boolean
  readonly planId: PlanId
  readonly planName: string
  readonly isExtraUsageOn: boolean
  /** The member's own cap; null where it has none. */
  readonly capNanos: Nanos | null
  readonly spentNanos: Nanos
  readonly runningCount: number
}

export type MemberPage = {
  readonly members: readonly MemberOverview[]
  /** Set when there are more: ask again with it. */
  readonly afterMemberId: MemberId | null
}

/** A customer's members by id. */
export async function listMembers(
  parts: Pick<Parts, 'storage'>,
  query: {
    readonly customerId: CustomerId
    readonly afterMemberId: MemberId | null
    readonly rowsMax: number
  },
): Promise<MemberPage> {
  const all = (await parts.storage.members(query.customerId)).toSorted((left, right) =>
    left.memberId < right.memberId ? -1 : 1,
  )
  const after = query.afterMemberId
  const rest = after === null ? all : all.filter((scope) => scope.memberId > after)
  const members: MemberOverview[] = []
  for (const scope of rest.slice(0, query.rowsMax)) members.push(await getMember(parts, scope))
  const last = members.at(-1)
  return {
    members,
    afterMemberId: rest.length > query.rowsMax && last !== undefined ? last.memberId : null,
  }
}

/** One member; throws `UnknownScopeError` when it was never seated. */
export async function getMember(
  { storage }: Pick<Parts, 'storage'>,
  scope: MemberScope,
): Promise<MemberOverview> {
  const { customerId, memberId } = scope
  const seat = await storage.update(scope, ({ system, member }, { nowMs }) => ({
    answer: member.isSeated
      ? {
          isActive: member.isActive,
          planId: member.planId,
          planName: system.plans.get(member.planId)?.name ?? member.planId,
          isExtraUsageOn: member.extraUsage.isOn,
          capNanos: member.cap.kind === 'capped' ? member.cap.amountNanos : null,
          spentNanos: spentNanos(member, nowMs),
          runningCount: member.holds.size,
        }
      : null,
    entries: [],
  }))
  if (seat === null) {
    throw new UnknownScopeError(`Customer "${customerId}" has no member "${memberId}"`)
  }
  const person = await storage.findPerson(memberId)
  return { customerId, memberId, name: person?.name ?? null, ...seat }
}
