import type {
  Account,
  CustomerState,
  Grant,
  GrantLeg,
  MemberState,
  SpendCap,
  SpendWindow,
} from './account.ts'
import type { Leg } from './entry.ts'
import { larger, smaller, type Nanos } from './money.ts'
import { monthBounds } from './window.ts'

/** The wallet: what grants can pay now, in which order they burn, and how much room balance and caps leave. */

/** Expiry takes the available part by time, not by a sweep: past it, that part counts as zero. */
export function isExpired(grant: Grant, nowMs: number): boolean {
  return grant.expiresAtMs !== null && grant.expiresAtMs <= nowMs
}

/**
 * What a grant can pay at a moment. Time alone decides: what a clock that was ahead booked as expired, and
 * was corrected since, is there again until the grant really ends.
 */
export function grantAvailableNanos(grant: Grant, nowMs: number): Nanos {
  return isExpired(grant, nowMs) ? 0n : grant.availableNanos + grant.expiredNanos
}

/** Balance less what open holds keep: the available parts of grants that have not expired. */
export function availableNanos(customer: CustomerState, nowMs: number): Nanos {
  let sum = 0n
  for (const grant of customer.grants.values()) {
    sum += grantAvailableNanos(grant, nowMs)
  }
  return sum
}

/**
 * What could be drawn if every open hold ended unused: what a hold keeps of an expired grant does not
 * come back, because a release to it expires in the same entry.
 */
export function unexpiredNanos(customer: CustomerState, nowMs: number): Nanos {
  let sum = 0n
  for (const grant of customer.grants.values()) {
    if (!isExpired(grant, nowMs)) sum += grantAvailableNanos(grant, nowMs) + grant.heldNanos
  }
  return sum
}

/** What is charged against caps, by month: a customer's or a member's. */
export type Spending = {
  readonly spend: SpendWindow | null
  readonly spendBefore: readonly SpendWindow[]
}

function chargedMonth({ spend, spendBefore }: Spending, nowMs: number): SpendWindow | undefined {
  const holdsNow = ({ startMs, endMs }: SpendWindow): boolean => startMs <= nowMs && nowMs < endMs
  if (spend === null || holdsNow(spend)) return spend ?? undefined
  return spendBefore.find(holdsNow)
}

/** What was spent in the spend-cap month of a moment; a month that was not touched yet counts zero. */
export function spentNanos(spending: Spending, nowMs: number): Nanos {
  return chargedMonth(spending, nowMs)?.spentNanos ?? 0n
}

/** The spend-cap month of a moment; pinned once its first charge is in the journal. */
export function spendMonth(
  spending: Spending,
  zone: string,
  nowMs: number,
): { startMs: number; endMs: number } {
  const { startMs, endMs } = chargedMonth(spending, nowMs) ?? monthBounds(zone, nowMs)
  return { startMs, endMs }
}

/** `cap - spent - held`; undefined when there is no cap. May be negative after a cap was lowered. */
export function capRoomNanos(
  cap: SpendCap,
  used: { readonly spentNanos: Nanos; readonly heldNanos: Nanos },
): Nanos | undefined {
  return cap.kind === 'unlimited' ? undefined : cap.amountNanos - used.spentNanos - used.heldNanos
}

/** What could still be taken beyond every open hold: `min(balance - held, cap - spent - held)`, customer and member. */
export function roomNanos({ customer, member }: Account, nowMs: number): Nanos {
  let room = availableNanos(customer, nowMs)
  const shared = capRoomNanos(customer.cap, {
    spentNanos: spentNanos(customer, nowMs),
    heldNanos: customer.heldNanos,
  })
  const own = capRoomNanos(member.cap, {
    spentNanos: spentNanos(member, nowMs),
    heldNanos: member.heldNanos,
  })
  if (shared !== undefined) room = smaller(room, shared)
  if (own !== undefined) room = smaller(room, own)
  return room
}

/** Both switches are on: only then may a draw exceed what a hold already keeps. */
export function isExtraUsageOn(account: {
  readonly customer: CustomerState
  readonly member: MemberState
}): boolean {
  return account.customer.extraUsage.isOn && account.member.extraUsage.isOn
}

/** Grants burn by priority, then expiry (never comes last), then age. */
function compareBurning(left: Grant, right: Grant): number {
  if (left.priority !== right.priority) return left.priority - right.priority
  const [leftMs, rightMs] = [left.expiresAtMs ?? Infinity, right.expiresAtMs ?? Infinity]
  return leftMs === rightMs ? left.position - right.position : leftMs - rightMs
}

/**
 * Grants that can pay, in burn order. The first one is found by looking at each once, and mostly pays all; only
 * when it does not are thousands of them put in order.
 */
function* payersInOrder(customer: CustomerState, nowMs: number): Generator<Grant> {
  let first: Grant | undefined
  const able: Grant[] = []
  for (const grant of customer.grants.values()) {
    if (grantAvailableNanos(grant, nowMs) <= 0n) continue
    able.push(grant)
    if (first === undefined || compareBurning(grant, first) < 0) first = grant
  }
  if (first === undefined) return
  yield first
  yield* able.toSorted(compareBurning).slice(1)
}

/** Every grant that something is left of, expired ones too, in burn order. */
export const grantsInOrder = (customer: CustomerState): readonly Grant[] =>
  [...customer.grants.values()].toSorted(compareBurning)

/** Takes an amount from available grants in burn order; what they cannot give is left out. */
export function takeAvailable(
  customer: CustomerState,
  amountNanos: Nanos,
  nowMs: number,
): readonly GrantLeg[] {
  const legs: GrantLeg[] = []
  let missing = amountNanos
  if (missing <= 0n) return legs
  for (const grant of payersInOrder(customer, nowMs)) {
    const amount = smaller(missing, grantAvailableNanos(grant, nowMs))
    legs.push({ grantId: grant.grantId, amount })
    missing -= amount
    if (missing === 0n) break
  }
  return legs
}

/**
 * Books what time has already taken: the available part of every grant past its expiry. After a correction
 * of the clock also the other way: what had expired by the wrong time is available again.
 */
export function expiryLegs(customer: CustomerState, nowMs: number): readonly Leg[] {
  const legs: Leg[] = []
  for (const grant of customer.grants.values()) {
    const { grantId, availableNanos: left, expiredNanos } = grant
    const isOver = isExpired(grant, nowMs)
    const amount = isOver ? left : expiredNanos
    if (amount <= 0n) continue
    const [available, expired] = [`grant:${grantId}:available`, `grant:${grantId}:expired`]
    const [from, to] = isOver ? [available, expired] : [expired, available]
    legs.push({ from, to, amount })
  }
  return legs
}

/**
 * Splits a hold's own grant legs into what a charge takes (first legs first) and what goes back; money
 * that goes back to an expired grant expires in the same entry. Zero charge releases all.
 */
export function endGrantLegs(
  customer: CustomerState,
  input: {
    readonly held: readonly GrantLeg[]
    readonly chargedNanos: Nanos
    readonly nowMs: number
  },
): { readonly legs: readonly Leg[]; readonly takenNanos: Nanos } {
  const legs: Leg[] = []
  let missing = larger(0n, input.chargedNanos)
  let takenNanos = 0n
  for (const { grantId, amount } of input.held) {
    const account = `grant:${grantId}`
    const taken = smaller(missing, amount)
    const released = amount - taken
    if (taken > 0n) legs.push({ from: `${account}:held`, to: `${account}:spent`, amount: taken })
    if (released > 0n) {
      const grant = customer.grants.get(grantId)
      const part = grant !== undefined && isExpired(grant, input.nowMs) ? 'expired' : 'available'
      legs.push({ from: `${account}:held`, to: `${account}:${part}`, amount: released })
    }
    missing -= taken
    takenNanos += taken
  }
  return { legs, takenNanos }
}
