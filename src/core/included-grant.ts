import type { Account, MemberState } from './account.ts'
import { grantId, type GrantId } from './ids.ts'
import type { IncludedGrant } from './plan.ts'
import { monthBounds } from './window.ts'

/** An included grant that is owed: computed from the plan and the moment, posted before the next decision. */
export type DueGrant = {
  readonly grant: IncludedGrant
  /** Its key in the member's memory of what was posted: plan and grant. */
  readonly id: string
  /** Names plan, member and month, so that a second posting for a month is impossible. */
  readonly grantId: GrantId
  readonly monthStartMs: number
  /** A month's credit ends with its month; a one-time credit does not end. */
  readonly expiresAtMs: number | null
}

/** Which included grants this member's plan owes its customer's wallet now. */
export function dueGrants(account: Account, nowMs: number): readonly DueGrant[] {
  const { customer, member, system } = account
  if (!member.isSeated || !member.isActive) return []
  const owed: DueGrant[] = []
  for (const grant of system.plans.get(member.planId)?.grants ?? []) {
    if (grant.amountNanos <= 0n) continue
    const id = `${member.planId}.${grant.id}`
    const month = monthBounds('UTC', nowMs)
    const postedMs = member.grantedAtMs.get(id)
    if (postedMs !== undefined && (grant.every === 'once' || postedMs === month.startMs)) continue
    const due = includedGrantId(member, grant, month.startMs)
    // A clock that was ahead and was corrected may have posted another month first.
    if (postedMs !== undefined && customer.grants.has(due)) continue
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
