import type { Account, MemberState } from './account.ts'
import { grantId, type GrantId } from './ids.ts'
import type { IncludedGrant } from './plan.ts'
import { monthBounds, utcZone } from './window.ts'

/** An included grant that is owed: computed from the plan and the moment, posted before the next decision. */
export type DueGrant = {
  readonly grant: IncludedGrant
  /** Its key in the member's memory of what was posted: plan and grant. */
  readonly id: string
  /** Names plan, member and month. */
  readonly grantId: GrantId
  readonly monthStartMs: number
  /** A month's credit ends with its month; a one-time credit does not end. */
  readonly expiresAtMs: number | null
}

/**
 * Months that a corrected clock can go back into, as many as it can have jumped over, and months ahead of it. The
 * grants themselves do not tell: those that are used up are not kept.
 */
const monthsBeforeMax = 8
const monthsAheadMax = 24

/** The months for which an included grant was posted, and one more; those that no clock comes to again are left out. */
export function withMonth(months: readonly number[] = [], startMs: number): readonly number[] {
  const before = months.filter((month) => month < startMs)
  const ahead = months.filter((month) => month > startMs)
  return [...before.slice(-monthsBeforeMax), startMs, ...ahead.slice(0, monthsAheadMax)]
}

/** Which included grants this member's plan owes its customer's wallet now. */
export function dueGrants(account: Account, nowMs: number): readonly DueGrant[] {
  const { member, system } = account
  if (!member.isSeated || !member.isActive) return []
  const owed: DueGrant[] = []
  for (const grant of system.plans.get(member.planId)?.grants ?? []) {
    if (grant.amountNanos <= 0n) continue
    const id = `${member.planId}.${grant.id}`
    const month = monthBounds(utcZone, nowMs)
    const posted = member.grantedMonths.get(id) ?? []
    if (posted.includes(month.startMs) || (grant.every === 'once' && posted.length > 0)) continue
    const due = includedGrantId(member, grant, month.startMs)
    const expiresAtMs = grant.every === 'month' ? month.endMs : null
    owed.push({ grant, id, grantId: due, monthStartMs: month.startMs, expiresAtMs })
  }
  return owed
}

/** The lengths keep plan, grant and member apart: underscores and dots may stand in each of them. */
function includedGrantId(member: MemberState, grant: IncludedGrant, monthStartMs: number): GrantId {
  const month = Temporal.Instant.fromEpochMilliseconds(monthStartMs).toString().slice(0, 7)
  const { planId, memberId } = member
  return grantId(
    `inc_${month}_${planId.length}.${grant.id.length}_${planId}.${grant.id}_${memberId}`,
  )
}
