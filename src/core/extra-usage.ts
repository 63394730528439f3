import type { Account, SpendCap } from './account.ts'
import type { ExtraUsageReason } from './decision.ts'
import type { Moment } from './figures.ts'
import type { Nanos } from './money.ts'
import { availableNanos, capRoomNanos, spentNanos, unexpiredNanos } from './wallet.ts'

/** What stands between a request and the wallet, first obstacle first; null when nothing does. */
export type ExtraUsageNeed = {
  readonly account: Account
  readonly consent: 'never' | 'allow'
  readonly moment: Pick<Moment, 'nowMs'>
  /** Asks what would be so with the holds of other requests at zero. */
  readonly isIgnoringHolds?: boolean
}

export function extraUsageObstacle(
  need: ExtraUsageNeed,
  holdNanos: Nanos,
): ExtraUsageReason | null {
  return extraUsageObstacles(need, holdNanos)[0] ?? null
}

/** All of them, so that a refusal can name every remedy that is needed, not only the first. */
export function extraUsageObstacles(
  need: ExtraUsageNeed,
  holdNanos: Nanos,
): readonly ExtraUsageReason[] {
  const { customer, member } = need.account
  const { nowMs } = need.moment
  const isCountingHolds = need.isIgnoringHolds !== true
  const shared = capRoomNanos(customer.cap, {
    spentNanos: spentNanos(customer, nowMs),
    heldNanos: isCountingHolds ? customer.heldNanos : 0n,
  })
  const own = capRoomNanos(member.cap, {
    spentNanos: spentNanos(member, nowMs),
    heldNanos: isCountingHolds ? member.heldNanos : 0n,
  })
  const balance = isCountingHolds
    ? availableNanos(customer, nowMs)
    : unexpiredNanos(customer, nowMs)

  const obstacles: ExtraUsageReason[] = []
  if (!customer.extraUsage.isOn) obstacles.push('off_for_customer')
  if (!member.extraUsage.isOn) obstacles.push('off_for_member')
  if (need.consent === 'never') obstacles.push('forbidden_by_request')
  if (isShort(customer.cap, shared, holdNanos)) obstacles.push('cap_reached')
  if (isShort(member.cap, own, holdNanos)) obstacles.push('member_cap_reached')
  if (balance < holdNanos) obstacles.push('balance_too_low')
  return obstacles
}

/** A cap of zero means no extra usage at all, also for a request that is expected to cost nothing. */
function isShort(cap: SpendCap, room: Nanos | undefined, holdNanos: Nanos): boolean {
  if (cap.kind === 'capped' && cap.amountNanos === 0n) return true
  return (room ?? holdNanos) < holdNanos
}
