import type { Account } from '../core/account.ts'
import { exceptionInForce } from '../core/entitlement.ts'
import type { CustomerId, LimitId, MemberId, PlanId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import type { Unit } from '../core/usage.ts'
import { spentNanos } from '../core/wallet.ts'
import { UnknownScopeError, type MemberScope } from '../storage/storage.ts'
import { nextTurn } from '../system/next-turn.ts'
import { unlessDamaged, type Unreadable } from './past-damage.ts'
import { plainText } from './plain-text.ts'
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
  /** Those whose time is not over, by limit. */
  readonly exceptions: readonly ExceptionOverview[]
}

/** Another amount of one limit than the member's plan has. */
export type ExceptionOverview = {
  readonly limitId: LimitId
  readonly unit: Unit
  /** Null is unlimited. */
  readonly amount: bigint | null
  /** When the plan's own amount counts again; null: when somebody takes the exception back. */
  readonly untilMs: number | null
  /** Null where the plan has no such limit: the exception waits for one that has. */
  readonly planAmount: bigint | null
}

export type MemberPage = {
  readonly members: readonly MemberOverview[]
  /** Of this page those whose entries cannot be read. */
  readonly unreadable: readonly Unreadable<MemberId>[]
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
    readonly search?: string
  },
): Promise<MemberPage> {
  const all = (await parts.storage.members(query.customerId)).toSorted((left, right) =>
    left.memberId < right.memberId ? -1 : 1,
  )
  const after = query.afterMemberId
  const later = after === null ? all : all.filter((scope) => scope.memberId > after)
  const rest = await found(parts, later, query)
  const members: MemberOverview[] = []
  const unreadable: Unreadable<MemberId>[] = []
  const shown = rest.slice(0, query.rowsMax)
  for (const scope of shown) {
    const read = await unlessDamaged(getMember(parts, scope))
    if ('answer' in read) members.push(read.answer)
    else unreadable.push({ id: scope.memberId, name: await nameOf(parts, scope), ...read })
  }
  const last = shown.at(-1)
  return {
    members,
    unreadable,
    afterMemberId: rest.length > query.rowsMax && last !== undefined ? last.memberId : null,
  }
}

const nameOf = async (
  { storage }: Pick<Parts, 'storage'>,
  { memberId }: MemberScope,
): Promise<string | null> => (await storage.findPerson(memberId))?.name ?? null

/** Those whose name or id the search finds, as many as a page and one more. */
async function found(
  { storage }: Pick<Parts, 'storage'>,
  members: readonly MemberScope[],
  { search = '', rowsMax }: { readonly search?: string; readonly rowsMax: number },
): Promise<readonly MemberScope[]> {
  const wanted = plainText(search)
  if (wanted === '') return members
  const fitting: MemberScope[] = []
  for (const [index, scope] of members.entries()) {
    if (index % 1000 === 999) await nextTurn()
    const name = (await nameOf({ storage }, scope)) ?? ''
    if ([name, scope.memberId].some((text) => plainText(text).includes(wanted))) fitting.push(scope)
    if (fitting.length > rowsMax) break
  }
  return fitting
}

/** One member; throws `UnknownScopeError` when it was never seated. */
export async function getMember(
  { storage }: Pick<Parts, 'storage'>,
  scope: MemberScope,
): Promise<MemberOverview> {
  const { customerId, memberId } = scope
  const seat = await storage.update(scope, (account, { nowMs }) => ({
    answer: account.member.isSeated ? seatOf(account, nowMs) : null,
    entries: [],
  }))
  if (seat === null) {
    throw new UnknownScopeError(`Customer "${customerId}" has no member "${memberId}"`)
  }
  return { customerId, memberId, name: await nameOf({ storage }, scope), ...seat }
}

const seatOf = (account: Account, nowMs: number) => {
  const { system, member } = account
  return {
    isActive: member.isActive,
    planId: member.planId,
    planName: system.plans.get(member.planId)?.name ?? member.planId,
    isExtraUsageOn: member.extraUsage.isOn,
    capNanos: member.cap.kind === 'capped' ? member.cap.amountNanos : null,
    spentNanos: spentNanos(member, nowMs),
    runningCount: member.holds.size,
    exceptions: exceptionsOf(account, nowMs),
  }
}

function exceptionsOf({ system, member }: Account, nowMs: number): readonly ExceptionOverview[] {
  const limits = system.plans.get(member.planId)?.limits ?? []
  return [...member.exceptions.keys()].toSorted().flatMap((limitId) => {
    const exception = exceptionInForce(member, limitId, nowMs)
    const unit = system.limitUnits.get(limitId)
    if (exception === undefined || unit === undefined) return []
    const planAmount = limits.find((limit) => limit.id === limitId)?.amount ?? null
    return [{ limitId, unit, ...exception, planAmount }]
  })
}
