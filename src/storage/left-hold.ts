import type { Account } from '../core/account.ts'
import { expireOpenHold, voidOpenHold } from '../core/end-hold.ts'
import type { HoldId } from '../core/ids.ts'
import type { Change } from './storage.ts'

/**
 * Ends a hold that nobody will end any more: expired when its owner died or its time is up, voided when
 * its placing was answered with "unavailable" and turns out to be in the journal (R3).
 */
export function endingLeftHold(holdId: HoldId, how: 'expire' | 'void'): Change<Account, undefined> {
  return (account, context) => {
    const { draft } =
      how === 'expire'
        ? expireOpenHold(account, { holdId }, context)
        : voidOpenHold(account, { holdId, cause: 'outcome_unknown' }, context)
    const { memberId } = account.member
    return { answer: undefined, entries: draft === null ? [] : [{ ...draft, memberId }] }
  }
}
