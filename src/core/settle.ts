import type { Account, OpenHold } from './account.ts'
import type { EntryBody, EntryDraft, Leg } from './entry.ts'
import type { Moment } from './figures.ts'
import type { HoldId } from './ids.ts'
import { larger, smaller, type Nanos } from './money.ts'
import { lostHoldKeptMs } from './apply.ts'
import { amountsOf, type Amounts, type ServiceMarks, type Usage } from './usage.ts'
import {
  endGrantLegs,
  expiryLegs,
  isExtraUsageOn,
  roomNanos,
  spendMonth,
  takeAvailable,
} from './wallet.ts'
import { monthBounds, utcZone } from './window.ts'

/**
 * Settle: replace a hold by the real cost. The plan pays plan-sourced requests whole, in the instance that
 * admitted them. Extra usage is charged at most what the hold kept plus the room that is left now; the
 * rest is the operator's, for good: an overrun, or lost where the hold was (docs/decisions/0004-lost-holds-are-booked-apart.md).
 * A hold ends once: settling one that has ended changes nothing.
 */
export type Settlement = {
  readonly holdId: HoldId
  readonly usage: Usage
  readonly marks: ServiceMarks
  readonly isEstimate: boolean
  readonly upstreamRequestId: string | null
}

export type SettleAnswer =
  | {
      readonly kind: 'settled'
      readonly costNanos: Nanos
      readonly chargedNanos: Nanos
      readonly overrunNanos: Nanos
      /** The same of a late settle: the loss of its hold, corrected. */
      readonly lostNanos: Nanos
    }
  | { readonly kind: 'already_ended' }

export type Ended<Answer> = { readonly answer: Answer; readonly draft: EntryDraft | null }

type Real = { readonly hold: OpenHold; readonly amounts: Amounts; readonly moment: Moment }

/** Throws when the hold's price is not in the journal: then the ledger cannot be right. */
export function settleHold(
  account: Account,
  settlement: Settlement,
  moment: Moment,
): Ended<SettleAnswer> {
  const open = account.member.holds.get(settlement.holdId)
  const lost = account.member.lost.get(settlement.holdId)
  const isLate = open === undefined
  const isForgotten = lost !== undefined && lost.expiredAtMs + lostHoldKeptMs <= moment.nowMs
  const hold = open ?? (isForgotten ? undefined : lost?.hold)
  if (hold === undefined) return { answer: { kind: 'already_ended' }, draft: null }

  const price = account.system.prices.get(hold.priceId)
  if (price === undefined)
    throw new Error(`The journal has a hold without its price: ${hold.priceId}`)
  const real: Real = { hold, amounts: amountsOf(price, settlement.usage, settlement.marks), moment }
  const payment = isLate ? payLate(account, real, lost?.lostNanos ?? 0n) : pay(account, real)
  const body = settledBody(account, settlement, { real, payment, isLate })
  return {
    answer: {
      kind: 'settled',
      costNanos: body.costNanos,
      chargedNanos: body.chargedNanos,
      overrunNanos: body.overrunNanos,
      lostNanos: body.lostNanos ?? 0n,
    },
    draft: { atMs: moment.nowMs, legs: payment.legs, body },
  }
}

type SettledBody = Extract<EntryBody, { kind: 'settled' }>
type Payment = { readonly legs: readonly Leg[]; readonly chargedNanos: Nanos }

function settledBody(
  account: Account,
  settlement: Settlement,
  outcome: { readonly real: Real; readonly payment: Payment; readonly isLate: boolean },
): SettledBody {
  const { hold, amounts, moment } = outcome.real
  const { customer, member } = account
  const isCharged = outcome.payment.chargedNanos > 0n
  const restNanos =
    hold.source === 'extra_usage' ? amounts.money - outcome.payment.chargedNanos : 0n
  return {
    kind: 'settled',
    holdId: hold.holdId,
    source: hold.source,
    model: hold.model,
    priceId: hold.priceId,
    usage: settlement.usage,
    marks: settlement.marks,
    costNanos: amounts.money,
    chargedNanos: outcome.payment.chargedNanos,
    overrunNanos: outcome.isLate ? 0n : restNanos,
    ...(outcome.isLate && restNanos > 0n ? { lostNanos: restNanos } : {}),
    ...(outcome.isLate || restNanos <= 0n ? {} : overrunMonthOf(hold, moment.nowMs)),
    isEstimate: settlement.isEstimate,
    isLate: outcome.isLate,
    upstreamRequestId: settlement.upstreamRequestId,
    bucket: hold.bucket,
    spendMonth: isCharged ? spendMonth(customer, customer.zone, moment.nowMs) : null,
    memberSpendMonth: isCharged ? spendMonth(member, customer.zone, moment.nowMs) : null,
    overrunReserveNanos: outcome.isLate ? 0n : hold.overrunReserveNanos,
  }
}

/** An overrun is of the month that had it reserved, whatever the month or the clock's correction since. */
function overrunMonthOf(
  { placedAtMs }: OpenHold,
  nowMs: number,
): Pick<SettledBody, 'overrunMonthMs'> {
  const { startMs } = monthBounds(utcZone, placedAtMs)
  return startMs === monthBounds(utcZone, nowMs).startMs ? {} : { overrunMonthMs: startMs }
}

function pay(account: Account, real: Real): Payment {
  const { hold, amounts } = real
  if (hold.source === 'free') return { legs: [], chargedNanos: 0n }
  if (hold.source === 'plan') return { legs: windowSettleLegs(hold, amounts), chargedNanos: 0n }
  return payFromWallet(account, real, {
    heldNanos: hold.amounts.money,
    restFrom: 'operator_overrun',
  })
}

/** Settles in the admitting instance: what was held becomes used, the rest goes back or is added. */
function windowSettleLegs(hold: OpenHold, amounts: Amounts): readonly Leg[] {
  const legs: Leg[] = []
  for (const { limitId, unit, startMs } of hold.windowLegs) {
    const account = `window:${limitId}:${startMs}`
    const held = hold.amounts[unit]
    const used = smaller(amounts[unit], held)
    const over = amounts[unit] - used
    if (used > 0n) legs.push({ from: `${account}:held`, to: `${account}:used`, amount: used, unit })
    if (held > used) legs.push({ from: `${account}:held`, to: 'plan', amount: held - used, unit })
    if (over > 0n) legs.push({ from: 'plan', to: `${account}:used`, amount: over, unit })
  }
  return legs
}

/** What the operator absorbed of a request, by whichever account. */
export const absorbedNanos = ({
  overrunNanos,
  lostNanos = 0n,
}: Pick<SettledBody, 'overrunNanos' | 'lostNanos'>): Nanos => overrunNanos + lostNanos

type WalletTerms = {
  readonly heldNanos: Nanos
  readonly restFrom: 'operator_overrun' | 'operator_lost'
}

/** `min(cost, hold + max(0, room))`; with a switch off at most the hold (DESIGN, "Settle, void, expire"). */
function payFromWallet(
  account: Account,
  real: Real,
  { heldNanos, restFrom }: WalletTerms,
): Payment {
  const { customer } = account
  const { hold, amounts, moment } = real
  const room = isExtraUsageOn(account) ? larger(0n, roomNanos(account, moment.nowMs)) : 0n
  const chargedNanos = smaller(amounts.money, heldNanos + room)
  const held = heldNanos > 0n ? hold.grantLegs : []
  const ended = endGrantLegs(customer, { held, chargedNanos, nowMs: moment.nowMs })
  const legs: Leg[] = [...expiryLegs(customer, moment.nowMs), ...ended.legs]
  for (const leg of takeAvailable(customer, chargedNanos - ended.takenNanos, moment.nowMs)) {
    const grant = `grant:${leg.grantId}`
    legs.push({ from: `${grant}:available`, to: `${grant}:spent`, amount: leg.amount })
  }
  const restNanos = amounts.money - chargedNanos
  if (restNanos > 0n) legs.push({ from: restFrom, to: 'upstream', amount: restNanos })
  return { legs, chargedNanos }
}

/**
 * The hold had expired: what was presumed lost is taken back, and the real cost is booked. What cannot be charged of it
 * is lost like the hold: nothing is reserved for it any more, so as an overrun it could pass the bound of overruns.
 */
function payLate(account: Account, real: Real, lostNanos: Nanos): Payment {
  const { hold, amounts } = real
  const back: Leg[] =
    lostNanos > 0n ? [{ from: 'upstream', to: 'operator_lost', amount: lostNanos }] : []
  if (hold.source === 'extra_usage') {
    const payment = payFromWallet(account, real, { heldNanos: 0n, restFrom: 'operator_lost' })
    return { legs: [...back, ...payment.legs], chargedNanos: payment.chargedNanos }
  }
  const used = hold.windowLegs
    .filter(({ unit }) => amounts[unit] > 0n)
    .map(({ limitId, unit, startMs }): Leg => {
      return { from: 'plan', to: `window:${limitId}:${startMs}:used`, amount: amounts[unit], unit }
    })
  return { legs: [...back, ...used], chargedNanos: 0n }
}
