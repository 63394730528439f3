import { voidOpenHold, type EndAnswer } from '../core/end-hold.ts'
import type { HoldId } from '../core/ids.ts'
import type { MemberScope } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/** Cancels a hold: nothing was used, so nothing is charged or counted. Safe to repeat. */
export function voidHold(
  parts: Parts,
  scope: MemberScope,
  command: { readonly holdId: HoldId; readonly cause: string },
): Promise<EndAnswer> {
  return parts.storage.update(scope, (account, context) => {
    const ended = voidOpenHold(account, command, context)
    const { memberId } = account.member
    return {
      answer: ended.answer,
      entries: ended.draft === null ? [] : [{ ...ended.draft, memberId }],
    }
  })
}
