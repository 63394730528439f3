import type { Entry, EntryBody, Leg } from '../../../src/core/entry.ts'
import type { Plan } from '../../../src/core/plan.ts'
import type { Price } from '../../../src/core/usage.ts'
import { sizeOf } from '../../model/naive-price.ts'
import { unpricedModel } from '../plans.ts'
import { faultOfSize } from './hold-size.ts'
import { capRoom, isClosed, type Ledger } from './ledger.ts'

export type Body<Kind extends EntryBody['kind']> = Extract<EntryBody, { kind: Kind }>

/** Between a look at a key and the hold of its request nothing waits. */
const atOnceMs = 50

/** What entries of everybody have said so far. */
export type Shared = {
  readonly plans: ReadonlyMap<string, Plan>
  readonly prices: ReadonlyMap<string, Price>
  /** When the revocation of a key had become durable, by the clock of record. */
  readonly revokedMs: ReadonlyMap<string, number>
  /** How long every request may run; null where nobody knows. */
  readonly holdMaxMs: number | null
}

/** What is wrong with an entry, given the ledger before it; null when nothing is. */
export function faultOf(ledger: Ledger, entry: Entry, shared: Shared): string | null {
  const { body } = entry
  switch (body.kind) {
    case 'held':
      return faultOfHold(ledger, { ...entry, body }, shared)
    case 'hold_grown':
      return faultOfGrowth(ledger, { ...entry, body })
    case 'settled':
      return faultOfSettle(ledger, { ...entry, body }, shared.prices)
    case 'member_seated': {
      const torn = body.pins.find((pin) => ledger.isTorn(entry.memberId ?? '', pin, entry.atMs))
      return torn === undefined ? null : `the running window ${torn.limitId} has other bounds`
    }
    case 'expired': {
      const { holdId, lostNanos } = body
      const expected = ledger.holds.get(holdId)?.expected
      if (expected === undefined) return `${holdId} ended (expired) twice`
      return lostNanos === expected ? null : `${holdId} loses ${lostNanos}, not ${expected}`
    }
    case 'voided':
      return ledger.holds.has(body.holdId) ? null : `${body.holdId} ended (voided) twice`
    case 'granted': {
      const { grantId } = body.grant
      if (ledger.grants.some(({ id }) => id === grantId)) return `${grantId} came twice`
      return body.reload === undefined ? null : faultOfReload(ledger, { ...entry, body })
    }
    default:
      return null
  }
}

type EntryOf<Kind extends EntryBody['kind']> = Omit<Entry, 'body'> & { readonly body: Body<Kind> }

/** A reload comes where it is on and needed, by its own amount, next in its month, and within every bound. */
function faultOfReload(ledger: Ledger, { body, atMs }: EntryOf<'granted'>): string | null {
  const { autoReload: setting, order } = ledger
  const { grantId, amountNanos } = body.grant
  if (setting.kind === 'off') return `${grantId} came while auto-reload was off`
  if (!isReloadNeeded(ledger, atMs)) return `${grantId} came and was not needed`
  if (amountNanos !== setting.amountNanos) return `${grantId} is ${amountNanos}`
  const { count, sum } = ledger.reloads(atMs)
  if (BigInt(body.reload?.number ?? 0) !== count + 1n) return `${grantId} comes after ${count}`
  const isTooMuch = sum + amountNanos > setting.monthMaxNanos || sum + amountNanos > order
  return isTooMuch ? `${grantId} makes ${sum + amountNanos} of a month` : null
}

/** Little is available, and somebody could use more, within the spend cap. */
function isReloadNeeded(ledger: Ledger, atMs: number): boolean {
  const { autoReload: setting, own } = ledger
  if (setting.kind === 'off' || !own.isOn || !own.isActive) return false
  const available = ledger.available(atMs)
  const room = capRoom(own.cap, ledger.spent(null, atMs), ledger.held(null))
  return available < setting.thresholdNanos && (room === null || available < room)
}

/** A reload is needed, and every bound leaves room for it: it has to come. */
export function isReloadDue(ledger: Ledger, atMs: number): boolean {
  const { autoReload: setting, order } = ledger
  if (setting.kind === 'off' || !isReloadNeeded(ledger, atMs)) return false
  const after = ledger.reloads(atMs).sum + setting.amountNanos
  return after <= setting.monthMaxNanos && after <= order
}

function faultOfHold(
  ledger: Ledger,
  { body, atMs, memberId }: EntryOf<'held'>,
  { plans, prices, revokedMs, holdMaxMs }: Shared,
): string | null {
  const member = memberId ?? ''
  const seat = ledger.members.get(member)
  const plan = plans.get(seat?.planId ?? '')
  if (seat === undefined || plan === undefined) return `${body.holdId} has no seat`
  if (ledger.holds.has(body.holdId) || ledger.lost.has(body.holdId)) return `${body.holdId} twice`
  if (!ledger.own.isActive || !seat.isActive) return `${body.holdId} while paused`
  const revoked = revokedMs.get(body.keyId ?? '') ?? Infinity
  if (atMs > revoked + atOnceMs) return `${body.holdId} by a key that was revoked at ${revoked}`
  if (body.facts.model === unpricedModel) return `${body.holdId} of a model without a price`
  const lifeMs = body.expiresAtMs - atMs
  if (lifeMs !== (holdMaxMs ?? lifeMs)) return `${body.holdId} may run for ${lifeMs} ms`
  const running = [...ledger.holds.values()].filter((hold) => hold.member === member).length
  if (running >= plan.runningMax) return `${body.holdId} is one too many at once`
  const torn = body.windowLegs.find((leg) => ledger.isTorn(member, leg, atMs))
  if (torn !== undefined) return `${body.holdId} opens ${torn.limitId} within another instance`
  const price = prices.get(body.facts.priceId)
  const size = faultOfSize(ledger, { body, atMs, memberId }, { plan, price })
  if (size !== null) return size
  if (body.source === 'free') return null
  const limits = ledger.limitsFor(plan, { member, model: body.facts.model, atMs })
  const closed = limits.filter(isClosed)
  if (body.source === 'plan') {
    const pinned = body.windowLegs
      .map(({ limitId }) => limitId as string)
      .toSorted()
      .join()
    const expected = limits
      .map(({ limit }) => limit.id as string)
      .toSorted()
      .join()
    if (pinned !== expected) return `${body.holdId} holds ${pinned}, not ${expected}`
    const [first] = closed
    return first === undefined
      ? null
      : `${body.holdId} from the plan, and ${first.limit.id} is full`
  }
  if (closed.length === 0) return `${body.holdId} takes money while the plan has room`
  return faultOfMoney(ledger, { member, amount: body.amounts.money, atMs, isAsked: body })
}

function faultOfMoney(
  ledger: Ledger,
  draw: {
    readonly member: string
    readonly amount: bigint
    readonly atMs: number
    readonly isAsked: Body<'held'>
  },
): string | null {
  const { member, amount, atMs, isAsked } = draw
  const { holdId, facts, grantLegs } = isAsked
  const why = whyNotMoney(ledger, { member, amount, atMs, consent: facts.consent })
  if (why !== null) return `${holdId} takes money, and ${why}`
  const kept = grantLegs.reduce((sum, leg) => sum + leg.amount, 0n)
  if (kept !== amount) return `${holdId} keeps ${kept}, not ${amount}`
  return faultOfPayers(ledger, { grantLegs, atMs, by: `${holdId} keeps` })
}

/** A hold only ever grows, and within the room that balance, caps and switches leave. */
function faultOfGrowth(
  ledger: Ledger,
  { body, atMs, memberId }: EntryOf<'hold_grown'>,
): string | null {
  const { holdId, amounts, grantLegs } = body
  const hold = ledger.holds.get(holdId)
  if (hold === undefined) return `${holdId} grew and is not open`
  if (hold.source !== 'extra_usage') return grantLegs.length === 0 ? null : `${holdId} takes money`
  const more = amounts.money - hold.money
  const kept = grantLegs.reduce((sum, leg) => sum + leg.amount, 0n)
  if (more <= 0n || kept !== more) return `${holdId} grows by ${more} and keeps ${kept}`
  const room = roomOf(ledger, { member: memberId ?? '', atMs })
  if (more > room) return `${holdId} grows by ${more}, and there is room for ${room}`
  return faultOfPayers(ledger, { grantLegs, atMs, by: `${holdId} grows by` })
}

function faultOfPayers(
  ledger: Ledger,
  paid: {
    readonly grantLegs: readonly { readonly grantId: string; readonly amount: bigint }[]
    readonly atMs: number
    readonly by: string
  },
): string | null {
  const { grantLegs, atMs, by } = paid
  const total = grantLegs.reduce((sum, leg) => sum + leg.amount, 0n)
  const told = grantLegs.map(({ grantId, amount }) => `${amount} of ${grantId}`).join(', ')
  const right = ledger.payersOf(total, atMs)
  return told === right ? null : `${by} ${told}, not ${right}`
}

/** What could be taken beyond every open hold, both switches on. */
function roomOf(ledger: Ledger, { member, atMs }: { member: string; atMs: number }): bigint {
  const seat = ledger.members.get(member)
  if (!ledger.own.isOn || seat?.isOn !== true) return 0n
  const rooms = [
    ledger.available(atMs),
    capRoom(ledger.own.cap, ledger.spent(null, atMs), ledger.held(null)),
    capRoom(seat.cap, ledger.spent(member, atMs), ledger.held(member)),
  ].filter((room) => room !== null)
  const room = least(rooms)
  return room > 0n ? room : 0n
}

/** The first thing that keeps extra usage from paying so much, in the order of DESIGN; null when it can. */
export function whyNotMoney(
  ledger: Ledger,
  asked: {
    readonly member: string
    readonly amount: bigint
    readonly atMs: number
    readonly consent: 'never' | 'allow'
  },
): string | null {
  const { member, amount, atMs, consent } = asked
  const seat = ledger.members.get(member)
  if (!ledger.own.isOn) return 'off_for_customer'
  if (seat?.isOn !== true) return 'off_for_member'
  if (consent === 'never') return 'forbidden_by_request'
  for (const who of [null, member]) {
    const cap = who === null ? ledger.own.cap : seat.cap
    const room = capRoom(cap, ledger.spent(who, atMs), ledger.held(who))
    const isNothing = cap.kind === 'capped' && cap.amountNanos === 0n
    if (isNothing || (room !== null && room < amount)) {
      return who === null ? 'cap_reached' : 'member_cap_reached'
    }
  }
  return ledger.available(atMs) < amount ? 'balance_too_low' : null
}

function faultOfSettle(
  ledger: Ledger,
  { body, atMs, memberId, legs }: EntryOf<'settled'>,
  prices: ReadonlyMap<string, Price>,
): string | null {
  const { holdId, costNanos, chargedNanos, overrunNanos, lostNanos = 0n, isLate } = body
  const hold = isLate ? ledger.lost.get(holdId) : ledger.holds.get(holdId)
  if (hold === undefined) return `${holdId} was settled (late: ${isLate}) and is not there`
  const price = prices.get(hold.priceId)
  if (price === undefined) return `${holdId} has no price`
  const amounts = sizeOf(price, body.usage, body.marks)
  if (costNanos !== amounts.money) return `${holdId} costs ${amounts.money}, not ${costNanos}`
  for (const { limitId, startMs, unit } of hold.legs) {
    const used = movedTo(legs, `window:${limitId}:${startMs}:used`)
    if (used !== amounts[unit])
      return `${holdId} counts ${used} in ${limitId}, not ${amounts[unit]}`
  }
  if (hold.source !== 'extra_usage') {
    return chargedNanos + overrunNanos + lostNanos === 0n ? null : `${holdId} spilled into money`
  }
  const room = roomOf(ledger, { member: memberId ?? '', atMs })
  const most = (isLate ? 0n : hold.money) + room
  const right = costNanos < most ? costNanos : most
  if (chargedNanos !== right) return `${holdId} was charged ${chargedNanos}, and ${right} is right`
  const fault = faultOfSpent(ledger, { legs, atMs, by: `${holdId} spends` })
  if (fault !== null) return fault
  // The rest of a request whose hold was lost is lost, and no overrun.
  const rest = costNanos - chargedNanos
  const [overrun, lost] = isLate ? [0n, rest] : [rest, 0n]
  return overrunNanos === overrun && lostNanos === lost
    ? null
    : `${holdId}: ${overrunNanos} overrun and ${lostNanos} lost of a rest of ${rest}`
}

/** What is taken beyond the hold comes from grants in the order in which they burn. */
function faultOfSpent(
  ledger: Ledger,
  { legs, atMs, by }: { legs: readonly Leg[]; atMs: number; by: string },
): string | null {
  const taken = legs.filter(({ from, to }) => from.endsWith(':available') && to.endsWith(':spent'))
  const grantLegs = taken.map(({ from, amount }) => ({ grantId: from.slice(6, -10), amount }))
  return faultOfPayers(ledger, { grantLegs, atMs, by })
}

const movedTo = (legs: readonly Leg[], account: string): bigint =>
  legs.reduce((sum, leg) => (leg.to === account ? sum + leg.amount : sum), 0n)

const least = (amounts: readonly bigint[]): bigint =>
  amounts.reduce((least, amount) => (amount < least ? amount : least))
