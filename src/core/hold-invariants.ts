import type { MemberState, OpenHold } from './account.ts'
import type { Entry, EntryBody, Leg } from './entry.ts'
import type { Nanos } from './money.ts'
import type { Amounts } from './usage.ts'

/** What an entry breaks: which invariant of ARCHITECTURE.md, and how, as the end of a sentence. */
export type Fault = {
  readonly invariant: 'I1' | 'I2' | 'I5' | 'I7' | 'I8' | 'I18'
  readonly what: string
}

type Body<Kind extends EntryBody['kind']> = Extract<EntryBody, { kind: Kind }>

/** A hold is placed once and ends once; a settle after its expiry corrects that and is marked late. */
export function holdFault(before: MemberState, { body }: Entry): Fault | undefined {
  switch (body.kind) {
    case 'held':
      return before.holds.has(body.holdId) || before.lost.has(body.holdId)
        ? { invariant: 'I5', what: `places hold ${body.holdId} again` }
        : undefined
    case 'settled':
      if (!body.isLate) return openFault(before, body)
      return before.lost.has(body.holdId)
        ? undefined
        : { invariant: 'I5', what: `corrects hold ${body.holdId}, not expired` }
    case 'voided':
    case 'expired':
    case 'hold_grown':
      return openFault(before, body)
    default:
  }
  return undefined
}

function openFault(
  before: MemberState,
  { holdId }: Body<'settled' | 'voided' | 'expired' | 'hold_grown'>,
): Fault | undefined {
  if (before.holds.has(holdId)) return undefined
  return { invariant: 'I5', what: `is about hold ${holdId}, not open` }
}

/** What an entry says of a hold, against its legs and against what the hold keeps; `holdFault` has found nothing. */
export function termsFault(before: MemberState, { body, legs }: Entry): Fault | undefined {
  switch (body.kind) {
    case 'held':
      return heldFault(body, legs)
    case 'hold_grown': {
      const hold = before.holds.get(body.holdId)
      return hold === undefined ? undefined : grownFault(hold, body, legs)
    }
    case 'settled':
      return (
        settledFault(before.holds.get(body.holdId), body, legs) ??
        endFault(before.holds.get(body.holdId), body, legs)
      )
    case 'voided':
    case 'expired':
      return endFault(before.holds.get(body.holdId), body, legs)
    default:
  }
  return undefined
}

function heldFault(body: Body<'held'>, legs: readonly Leg[]): Fault | undefined {
  const { source, amounts, worstNanos, overrunReserveNanos: reserve } = body
  const what = `does not set aside what hold ${body.holdId} says`
  if (source === 'extra_usage') {
    const kept = sumOf(body.grantLegs)
    if (kept !== amounts.money || movedTo(legs, ':held') !== kept) return { invariant: 'I1', what }
    // Either the rest of the worst case is kept of the operator's allowance, or the hold is all of it.
    return reserve === worstNanos - amounts.money && reserve >= 0n
      ? undefined
      : { invariant: 'I8', what: `reserves ${reserve} beside a hold of ${amounts.money}` }
  }
  if (body.grantLegs.length > 0 || reserve !== 0n) return { invariant: 'I1', what }
  for (const { limitId, startMs, unit } of body.windowLegs) {
    const account = `window:${limitId}:${startMs}:held`
    if (movedBetween(legs, { to: account }) !== amounts[unit]) return { invariant: 'I1', what }
  }
  return undefined
}

function grownFault(
  hold: OpenHold,
  body: Body<'hold_grown'>,
  legs: readonly Leg[],
): Fault | undefined {
  const more = (unit: keyof Amounts): bigint => body.amounts[unit] - hold.amounts[unit]
  const what = `does not add what hold ${hold.holdId} grows by`
  if (hold.source === 'extra_usage') {
    const added = more('money')
    const isRight = added > 0n && sumOf(body.grantLegs) === added
    return isRight && movedTo(legs, ':held') === added ? undefined : { invariant: 'I1', what }
  }
  for (const { limitId, startMs, unit } of hold.windowLegs) {
    const account = `window:${limitId}:${startMs}:held`
    const added = more(unit)
    if (movedBetween(legs, { to: account }) !== added) {
      return { invariant: 'I1', what }
    }
  }
  return undefined
}

/** The cost has its payers, each within its bound, and the legs are what they pay. */
function settledFault(
  hold: OpenHold | undefined,
  body: Body<'settled'>,
  legs: readonly Leg[],
): Fault | undefined {
  const { costNanos, chargedNanos, overrunNanos, lostNanos = 0n } = body
  const isWallet = body.source === 'extra_usage'
  const owed = isWallet ? costNanos : 0n
  if (chargedNanos < 0n || overrunNanos < 0n || lostNanos < 0n) {
    return { invariant: 'I7', what: 'charges less than nothing' }
  }
  if (chargedNanos + overrunNanos + lostNanos !== owed) {
    return { invariant: 'I7', what: `leaves a cost of ${owed} without a payer` }
  }
  if (isWallet && movedTo(legs, ':spent') !== chargedNanos) {
    return { invariant: 'I7', what: `does not take the ${chargedNanos} that it charges` }
  }
  if (movedBetween(legs, { from: 'operator_overrun' }) !== overrunNanos) {
    return { invariant: 'I8', what: `does not book an overrun of ${overrunNanos}` }
  }
  // A cost above the worst case is nobody's to foresee; below it the hold's reserve pays the rest.
  const isForeseen = hold !== undefined && costNanos <= hold.worstNanos
  const boundNanos = hold === undefined ? 0n : hold.overrunReserveNanos
  return overrunNanos > boundNanos && (isForeseen || body.isLate)
    ? { invariant: 'I8', what: `leaves ${overrunNanos} to the operator, who allowed ${boundNanos}` }
    : undefined
}

/** Everything that a hold keeps goes somewhere when it ends; a late settle finds nothing kept. */
function endFault(
  hold: OpenHold | undefined,
  body: Body<'settled' | 'voided' | 'expired'>,
  legs: readonly Leg[],
): Fault | undefined {
  const { holdId, overrunReserveNanos } = body
  if (overrunReserveNanos !== (hold?.overrunReserveNanos ?? 0n)) {
    return { invariant: 'I8', what: `frees another reserve than hold ${holdId} has` }
  }
  const what = `does not free what hold ${holdId} keeps`
  if (hold === undefined || hold.source === 'extra_usage') {
    const kept = hold === undefined ? 0n : hold.amounts.money
    return movedFrom(legs, ':held') === kept ? undefined : { invariant: 'I1', what }
  }
  for (const { limitId, startMs, unit } of hold.windowLegs) {
    const account = `window:${limitId}:${startMs}:held`
    if (movedBetween(legs, { from: account }) !== hold.amounts[unit]) {
      return { invariant: 'I1', what }
    }
  }
  return undefined
}

function movedTo(legs: readonly Leg[], ending: string): Nanos {
  let sum = 0n
  for (const { to, amount } of legs) if (to.endsWith(ending)) sum += amount
  return sum
}

function movedFrom(legs: readonly Leg[], ending: string): Nanos {
  let sum = 0n
  for (const { from, amount } of legs) if (from.endsWith(ending)) sum += amount
  return sum
}

function movedBetween(
  legs: readonly Leg[],
  account: { readonly from?: string; readonly to?: string },
): bigint {
  let sum = 0n
  for (const { from, to, amount } of legs) {
    if (from === account.from || to === account.to) sum += amount
  }
  return sum
}

function sumOf(legs: readonly { readonly amount: Nanos }[]): Nanos {
  let sum = 0n
  for (const { amount } of legs) sum += amount
  return sum
}
