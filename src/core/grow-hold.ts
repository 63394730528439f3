import type { Account, OpenHold } from './account.ts'
import type { EntryDraft, Leg } from './entry.ts'
import type { Moment } from './figures.ts'
import type { HoldId } from './ids.ts'
import { larger, smaller } from './money.ts'
import type { Ended } from './settle.ts'
import { amountsOf, type Amounts, type ServiceMarks, type Usage } from './usage.ts'
import { expiryLegs, isExtraUsageOn, roomNanos, takeAvailable } from './wallet.ts'

export type GrowAnswer = { readonly kind: 'grown' | 'unchanged' | 'already_ended' }

/**
 * `held` grows with metered usage while the stream runs, so that what runs already counts. A hold never
 * shrinks; an extra-usage hold grows only into the room that is left, and not while a switch is off.
 */
export function growOpenHold(
  account: Account,
  metered: { readonly holdId: HoldId; readonly usage: Usage; readonly marks: ServiceMarks },
  moment: Moment,
): Ended<GrowAnswer> {
  const hold = account.member.holds.get(metered.holdId)
  if (hold === undefined) return { answer: { kind: 'already_ended' }, draft: null }
  const price = account.system.prices.get(hold.priceId)
  if (price === undefined)
    throw new Error(`The journal has a hold without its price: ${hold.priceId}`)
  const target = amountsOf(price, metered.usage, metered.marks)
  const draft =
    hold.source === 'extra_usage'
      ? growOnWallet(account, { hold, target }, moment)
      : growOnWindows(hold, target, moment)
  return draft === null
    ? { answer: { kind: 'unchanged' }, draft }
    : { answer: { kind: 'grown' }, draft }
}

function growOnWindows(hold: OpenHold, target: Amounts, moment: Moment): EntryDraft | null {
  const amounts: Amounts = {
    money: larger(hold.amounts.money, target.money),
    tokens: larger(hold.amounts.tokens, target.tokens),
    requests: hold.amounts.requests,
  }
  const legs: Leg[] = []
  for (const { limitId, unit, startMs } of hold.windowLegs) {
    const amount = amounts[unit] - hold.amounts[unit]
    if (amount > 0n)
      legs.push({ from: 'plan', to: `window:${limitId}:${startMs}:held`, amount, unit })
  }
  if (legs.length === 0) return null
  const { holdId } = hold
  return { atMs: moment.nowMs, legs, body: { kind: 'hold_grown', holdId, amounts, grantLegs: [] } }
}

function growOnWallet(
  account: Account,
  { hold, target }: { readonly hold: OpenHold; readonly target: Amounts },
  moment: Moment,
): EntryDraft | null {
  if (!isExtraUsageOn(account)) return null
  const room = roomNanos(account, moment.nowMs)
  const growth = smaller(target.money - hold.amounts.money, room)
  if (growth <= 0n) return null
  const grantLegs = takeAvailable(account.customer, growth, moment.nowMs)
  const legs: Leg[] = [...expiryLegs(account.customer, moment.nowMs)]
  for (const { grantId, amount } of grantLegs) {
    legs.push({ from: `grant:${grantId}:available`, to: `grant:${grantId}:held`, amount })
  }
  const amounts: Amounts = { ...hold.amounts, money: hold.amounts.money + growth }
  const { holdId } = hold
  return { atMs: moment.nowMs, legs, body: { kind: 'hold_grown', holdId, amounts, grantLegs } }
}
