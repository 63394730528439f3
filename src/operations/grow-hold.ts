import { growOpenHold, type GrowAnswer } from '../core/grow-hold.ts'
import type { HoldId } from '../core/ids.ts'
import type { ServiceMarks, Usage } from '../core/usage.ts'
import type { MemberScope } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/** Lets a running request's hold follow what was metered so far, so that it already counts. */
export function growHold(
  parts: Parts,
  scope: MemberScope,
  metered: { readonly holdId: HoldId; readonly usage: Usage; readonly marks: ServiceMarks },
): Promise<GrowAnswer> {
  return parts.storage.update(scope, (account, context) => {
    const grown = growOpenHold(account, metered, context)
    const { memberId } = account.member
    return {
      answer: grown.answer,
      entries: grown.draft === null ? [] : [{ ...grown.draft, memberId }],
    }
  })
}
