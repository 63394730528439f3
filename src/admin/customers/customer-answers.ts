import { figuresOf } from '../../core/figures.ts'
import type { CustomerId, PlanId } from '../../core/ids.ts'
import { getFigures } from '../../operations/figures.ts'
import { listCustomers } from '../../operations/list-customers.ts'
import { getMember, listMembers } from '../../operations/list-members.ts'
import { unlessDamaged } from '../../operations/past-damage.ts'
import { UnknownPlanError } from '../../operations/seat-member.ts'
import type { AdminApiParts } from '../admin-api.ts'
import type { LimitAnswer } from '../contract/answers.ts'
import type {
  CustomerRow,
  CustomerRowsAnswer,
  FullestLimit,
  MemberRow,
  MemberRowsAnswer,
  SeatPreviewAnswer,
} from '../contract/customers.ts'
import { toJson } from '../http/exchange.ts'
import { limitAnswer } from '../members/member-answers.ts'
import { planSentences } from '../plans/plan-sentences.ts'

/** Customers and members with how full their limits are: the figures of the gate, as everywhere. */

type Reading = Pick<AdminApiParts, 'storage' | 'clock' | 'random'>
type Scope = Parameters<typeof getFigures>[1]

export async function customerRows(
  parts: Reading,
  query: Parameters<typeof listCustomers>[1] & { readonly withLimits: boolean },
): Promise<CustomerRowsAnswer> {
  const page = await listCustomers(parts, query)
  const customers: CustomerRow[] = []
  for (const customer of page.customers) {
    const isLookedAt = query.withLimits && customer.memberCount <= membersLookedAtMax
    const fullest = isLookedAt ? { fullest: await fullestOf(parts, customer.customerId) } : {}
    customers.push({ ...toJson(customer), ...fullest })
  }
  return { customers, unreadable: page.unreadable, afterPosition: page.afterPosition }
}

/** A list of fifty customers then costs a few thousand looks at most. */
const membersLookedAtMax = 50

async function fullestOf(parts: Reading, customerId: CustomerId): Promise<FullestLimit | null> {
  let fullest: FullestLimit | null = null
  for (const scope of await parts.storage.members(customerId)) {
    const read = await unlessDamaged(getFigures(parts, scope))
    if (!('answer' in read)) continue
    const { limits } = read.answer
    for (const { title, usedPercent } of limits.map(limitAnswer)) {
      if (fullest !== null && usedPercent <= fullest.usedPercent) continue
      const person = await parts.storage.findPerson(scope.memberId)
      const member = { id: scope.memberId, name: person?.name ?? null }
      fullest = { member, title, usedPercent }
    }
  }
  return fullest
}

export async function memberRows(
  parts: Reading,
  query: Parameters<typeof listMembers>[1] & { readonly withLimits: boolean },
): Promise<MemberRowsAnswer> {
  const page = await listMembers(parts, query)
  const members: MemberRow[] = []
  for (const member of page.members) {
    const limits = query.withLimits
      ? { limits: (await getFigures(parts, member)).limits.map(limitAnswer) }
      : {}
    members.push({ ...toJson(member), ...limits })
  }
  return { members, unreadable: page.unreadable, afterMemberId: page.afterMemberId }
}

/** The member's figures under another plan: what it used stays with it, as a seating leaves it (D16). */
export async function seatPreview(
  parts: Pick<AdminApiParts, 'storage' | 'about'>,
  scope: Scope,
  planId: PlanId,
): Promise<SeatPreviewAnswer> {
  await getMember(parts, scope)
  const { now, next, before, after } = await parts.storage.update(scope, (account, context) => {
    const { plans } = account.system
    const plan = plans.get(planId)
    if (plan === undefined) {
      const names = [...plans.keys()].join(', ')
      throw new UnknownPlanError(`There is no plan "${planId}"; the plans are: ${names}`)
    }
    const moved = { ...account, member: { ...account.member, planId } }
    const figures = [figuresOf(account, context), figuresOf(moved, context)] as const
    const answer = {
      now: figures[0].limits.map(limitAnswer),
      next: figures[1].limits.map(limitAnswer),
      before: plans.get(account.member.planId),
      after: plan,
    }
    return { answer, entries: [] }
  })
  const ids = [...new Set([...now, ...next].map(({ limitId }) => limitId))]
  const find = (limits: readonly LimitAnswer[], id: string): LimitAnswer | null =>
    limits.find(({ limitId }) => limitId === id) ?? null
  return {
    planName: after.name,
    sentences: planSentences(before, after, parts.about.currencySymbol),
    limits: ids.map((id) => {
      const pair = { now: find(now, id), next: find(next, id) }
      const title = (pair.next ?? pair.now)?.title ?? id
      return { title, ...pair, wouldBeUp: isUp(pair.next) }
    }),
  }
}

const isUp = (limit: LimitAnswer | null): boolean =>
  limit !== null && limit.amount !== null && BigInt(limit.used) >= BigInt(limit.amount)
