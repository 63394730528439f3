import type { Account } from './account.ts'
import type { IncludedGrant } from './plan.ts'
import { monthBounds } from './window.ts'

/** An included grant that is owed: computed from the plan and the moment, posted before the next decision. */
export type DueGrant = {
  readonly grant: IncludedGrant
  /** Its key in the member's memory of what was posted: plan and grant. */
  readonly id: string
  readonly monthStartMs: number
  /** A month's credit ends with its month; a one-time credit does not end. */
  readonly expiresAtMs: number | null
}

/** Which included grants this member's plan owes its customer's wallet now. */
export function dueGrants(account: Account, nowMs: number): readonly DueGrant[] {
  const { member, system } = account
  if (!member.isSeated || !member.isActive) return []
  const due: DueGrant[] = []
  for (const grant of system.plans.get(member.planId)?.grants ?? []) {
    if (grant.amountNanos <= 0n) continue
    const id = `${member.planId}.${grant.id}`
    const month = monthBounds('UTC', nowMs)
    const postedMs = member.grantedAtMs.get(id)
    const isDue = postedMs === undefined || (grant.every === 'month' && postedMs < month.startMs)
    if (!isDue) continue
    const expiresAtMs = grant.every === 'month' ? month.endMs : null
    due.push({ grant, id, monthStartMs: month.startMs, expiresAtMs })
  }
  return due
}
