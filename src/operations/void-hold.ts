import { voidOpenHold, type EndAnswer } from '../core/end-hold.ts'
import type { HoldId } from '../core/ids.ts'
import type { MemberScope } from '../storage/storage.ts'
import type { GateParts } from './parts.ts'

/** Cancels a hold: nothing was used, so nothing is charged or counted. Safe to repeat. */
export async function voidHold(
  parts: GateParts,
  scope: MemberScope,
  command: { readonly holdId: HoldId; readonly cause: string },
): Promise<EndAnswer> {
  const answer = await parts.storage.update(scope, (account, context) => {
    const ended = voidOpenHold(account, command, context)
    const { memberId } = account.member
    return {
      answer: ended.answer,
      entries: ended.draft === null ? [] : [{ ...ended.draft, memberId }],
    }
  })
  parts.running.end(scope.customerId, command.holdId)
  return answer
}
