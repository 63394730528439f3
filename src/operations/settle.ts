import { settleHold, type SettleAnswer, type Settlement } from '../core/settle.ts'
import type { MemberScope } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/**
 * Replaces a hold by the real cost. Safe to repeat: the hold's id is its idempotency key, and a hold that
 * has ended stays as it is. Rejects with `StorageUnavailableError` when storage is away; try again then.
 */
export async function settle(
  parts: Parts,
  scope: MemberScope,
  settlement: Settlement,
): Promise<SettleAnswer> {
  const answer = await parts.storage.update(scope, (account, context) => {
    const ended = settleHold(account, settlement, context)
    const { memberId } = account.member
    return {
      answer: ended.answer,
      entries: ended.draft === null ? [] : [{ ...ended.draft, memberId }],
    }
  })
  return answer.kind === 'settled' ? answer : firstAnswer(parts, scope, settlement)
}

/** A repeated settle gets what the first one was told (R4), read from the journal. */
async function firstAnswer(
  parts: Parts,
  scope: MemberScope,
  settlement: Settlement,
): Promise<SettleAnswer> {
  const end = await parts.storage.findHoldEnd(scope.memberId, settlement.holdId)
  if (end?.body.kind !== 'settled') return { kind: 'already_ended' }
  const { costNanos, chargedNanos, overrunNanos, lostNanos = 0n } = end.body
  return { kind: 'settled', costNanos, chargedNanos, overrunNanos, lostNanos }
}
