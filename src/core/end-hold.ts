import type { Account, OpenHold } from './account.ts'
import type { Leg } from './entry.ts'
import type { Moment } from './figures.ts'
import type { HoldId } from './ids.ts'
import type { Ended } from './settle.ts'
import { endGrantLegs, expiryLegs } from './wallet.ts'

/** The two other ways in which a hold ends: nothing was used (void), or nobody said what was (expire). */
export type EndAnswer = { readonly kind: 'ended' | 'already_ended' }

/** Cancels a hold; nothing is charged and nothing counts. `cause` is a short stable code for the history. */
export function voidOpenHold(
  account: Account,
  input: { readonly holdId: HoldId; readonly cause: string },
  moment: Moment,
): Ended<EndAnswer> {
  const hold = account.member.holds.get(input.holdId)
  if (hold === undefined) return { answer: { kind: 'already_ended' }, draft: null }
  const { holdId, overrunReserveNanos } = hold
  return {
    answer: { kind: 'ended' },
    draft: {
      atMs: moment.nowMs,
      legs: releaseLegs(account, hold, moment),
      body: { kind: 'voided', holdId, cause: input.cause, overrunReserveNanos },
    },
  }
}

/**
 * Ends a hold whose owner died or whose time is up. Presumed used, but the customer pays nothing and gets
 * everything back (D6): the expected cost is the operator's, booked as lost, and a late settle corrects it.
 */
export function expireOpenHold(
  account: Account,
  input: { readonly holdId: HoldId },
  moment: Moment,
): Ended<EndAnswer> {
  const hold = account.member.holds.get(input.holdId)
  if (hold === undefined) return { answer: { kind: 'already_ended' }, draft: null }
  const { holdId, overrunReserveNanos } = hold
  const lostNanos = hold.expected.money
  const lost: Leg[] =
    lostNanos > 0n ? [{ from: 'operator_lost', to: 'upstream', amount: lostNanos }] : []
  return {
    answer: { kind: 'ended' },
    draft: {
      atMs: moment.nowMs,
      legs: [...releaseLegs(account, hold, moment), ...lost],
      body: { kind: 'expired', holdId, lostNanos, overrunReserveNanos },
    },
  }
}

function releaseLegs(account: Account, hold: OpenHold, moment: Moment): readonly Leg[] {
  if (hold.source === 'extra_usage') {
    const { customer } = account
    const { nowMs } = moment
    const ended = endGrantLegs(customer, { held: hold.grantLegs, chargedNanos: 0n, nowMs })
    return [...expiryLegs(customer, nowMs), ...ended.legs]
  }
  return hold.windowLegs
    .filter(({ unit }) => hold.amounts[unit] > 0n)
    .map(({ limitId, unit, startMs }) => ({
      from: `window:${limitId}:${startMs}:held`,
      to: 'plan',
      amount: hold.amounts[unit],
      unit,
    }))
}
