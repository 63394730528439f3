import type { LimitException, MemberState } from './account.ts'
import type { LimitId } from './ids.ts'
import type { Limit } from './plan.ts'

/**
 * What a member may use of its plan's limits right now: the plan, plus the exceptions of this member. An exception
 * changes an amount and nothing else, so windows, anchors and resets stay as they were shown.
 */
export type Entitled = Pick<MemberState, 'exceptions'>

/** The exception that counts at a moment; one whose time is over counts no more, though nobody took it back. */
export function exceptionInForce(
  member: Entitled,
  limitId: LimitId,
  nowMs: number,
): LimitException | undefined {
  const exception = member.exceptions.get(limitId)
  if (exception === undefined || exception.untilMs === null) return exception
  return nowMs < exception.untilMs ? exception : undefined
}

/** The most of a limit that a member may use; null is unlimited. */
export function entitledAmount(limit: Limit, member: Entitled, nowMs: number): bigint | null {
  const exception = exceptionInForce(member, limit.id, nowMs)
  return exception === undefined ? limit.amount : exception.amount
}

/** When the amount of a limit changes by time alone; infinite where it does not. */
export function exceptionEndMs(member: Entitled, limitId: LimitId, nowMs: number): number {
  return exceptionInForce(member, limitId, nowMs)?.untilMs ?? Infinity
}

/** The hold need not fit: a limit admits while anything of it is left (DESIGN, authorize step 4). */
export function isBelow(used: bigint, amount: bigint | null): boolean {
  return amount === null || used < amount
}
