import type { CustomerState, Grant, MemberState } from './account.ts'
import type { Entry } from './entry.ts'
import { holdFault, termsFault, type Fault } from './hold-invariants.ts'
import { grantId, type GrantId } from './ids.ts'
import type { Nanos } from './money.ts'
import { findWindow, windowAccount } from './pinned-windows.ts'
import { capRoomNanos, isExpired, isExtraUsageOn, spentNanos } from './wallet.ts'

/**
 * What no entry may break, whatever rule drafted it. Looked at in production, for each entry of a customer, between
 * the decision and the journal: the entry against the sums before it, then the sums that it leads to. The work
 * follows what the entry touches, never how much an account has. Names are those of ARCHITECTURE.md.
 */
export type Sums = {
  readonly customer: CustomerState
  /** Absent where the entry is of the customer's shared rows alone. */
  readonly member: MemberState | undefined
}

/** A failed assertion: a rule of ours has a fault, and what it drafted must not be written. */
export class BrokenInvariantError extends Error {
  readonly entry: Entry
  readonly fault: Fault

  constructor(entry: Entry, fault: Fault, cause?: unknown) {
    super(`${fault.invariant}: entry ${entry.position} ${fault.what}`, { cause })
    this.entry = entry
    this.fault = fault
  }
}

/**
 * The entry by itself and against the sums before it; throws when it breaks something. Answers what it draws beyond
 * what was held before, for the look at the sums after it.
 */
export function assertEntry({ customer, member }: Sums, entry: Entry): Nanos {
  const lastPosition = Math.max(customer.position, member?.position ?? 0)
  if (entry.position <= lastPosition) {
    refuse(entry, { invariant: 'I18', what: `follows entry ${lastPosition}` })
  }
  refuse(entry, legFault(customer, entry) ?? grantedFault(customer, entry))
  if (member === undefined) return 0n
  refuse(entry, holdFault(member, entry) ?? termsFault(member, entry))
  return drawnNanos(member, entry)
}

/** The sums that the entry has led to; throws when they are impossible. */
export function assertSums({ customer, member }: Sums, entry: Entry, drawn: Nanos): void {
  refuse(entry, customerFault(customer, entry))
  if (member === undefined) return
  refuse(entry, memberFault(member, entry))
  if (drawn > 0n) refuse(entry, drawFault({ customer, member }, entry.atMs))
}

function refuse(entry: Entry, fault: Fault | undefined): void {
  if (fault !== undefined) throw new BrokenInvariantError(entry, fault)
}

/** Every leg moves something between places that are there, and draws on no grant whose time is over. */
function legFault(customer: CustomerState, { body, legs, atMs }: Entry): Fault | undefined {
  const madeId = body.kind === 'granted' ? body.grant.grantId : undefined
  for (const { from, to, amount } of legs) {
    if (amount <= 0n) return { invariant: 'I1', what: `moves ${amount} from ${from} to ${to}` }
    for (const account of [from, to]) {
      const id = grantOf(account)
      if (id === undefined || id === madeId) continue
      const grant = customer.grants.get(id)
      if (grant === undefined) {
        return { invariant: 'I1', what: `names ${account}, a grant that is not there` }
      }
      const isDraw = from.endsWith(':available') && !to.endsWith(':expired')
      if (isDraw && isExpired(grant, atMs)) {
        return { invariant: 'I1', what: `draws on ${from}, whose time is over` }
      }
    }
  }
  return undefined
}

function grantedFault(customer: CustomerState, { body, legs }: Entry): Fault | undefined {
  if (body.kind !== 'granted') return undefined
  const { grantId: id, amountNanos } = body.grant
  if (customer.grants.has(id)) return { invariant: 'I1', what: `makes grant ${id} again` }
  const leg = legs.find(({ to }) => to === `grant:${id}:available`)
  return leg?.amount === amountNanos
    ? undefined
    : { invariant: 'I1', what: `does not bring grant ${id} what it says` }
}

/** What an entry takes of the wallet beyond what its hold kept: it has to fit balance, caps and switches. */
function drawnNanos(before: MemberState, { body }: Entry): Nanos {
  switch (body.kind) {
    case 'held':
      return body.source === 'extra_usage' ? body.amounts.money : 0n
    case 'hold_grown': {
      const hold = before.holds.get(body.holdId)
      return hold?.source === 'extra_usage' ? body.amounts.money - hold.amounts.money : 0n
    }
    case 'settled':
      return body.source === 'extra_usage'
        ? body.chargedNanos - (before.holds.get(body.holdId)?.amounts.money ?? 0n)
        : 0n
    default:
      return 0n
  }
}

/** Only a draw may be refused by a switch or a cap: what was held before stays chargeable. */
function drawFault(
  after: { readonly customer: CustomerState; readonly member: MemberState },
  atMs: number,
): Fault | undefined {
  if (!isExtraUsageOn(after)) {
    return { invariant: 'I7', what: 'draws on the wallet while extra usage is off' }
  }
  for (const one of [after.customer, after.member]) {
    const { heldNanos } = one
    const room = capRoomNanos(one.cap, { spentNanos: spentNanos(one, atMs), heldNanos }) ?? 0n
    if (room < 0n) {
      return { invariant: 'I7', what: `passes a spend cap by ${-room}` }
    }
  }
  return undefined
}

/** The sums of the member that an entry moved, after it. */
export function memberFault(after: MemberState, entry: Entry): Fault | undefined {
  if (after.heldNanos < 0n || (after.holds.size === 0 && after.heldNanos !== 0n)) {
    return { invariant: 'I1', what: `leaves ${after.heldNanos} held by ${after.holds.size} holds` }
  }
  let lookedAt = ''
  for (const { from } of entry.legs) {
    if (from === lookedAt || !from.startsWith('window:')) continue
    lookedAt = from
    const { limitId: id, startMs } = windowAccount(from)
    const window = findWindow(after, id, startMs)
    if (window !== undefined && (window.used < 0n || window.held < 0n)) {
      return { invariant: 'I1', what: `leaves limit ${id} negative` }
    }
  }
  return undefined
}

/** The shared sums and the grants that an entry moved, after it: no part below zero, and the parts add up. */
export function customerFault(after: CustomerState, { legs }: Entry): Fault | undefined {
  if (after.heldNanos < 0n || after.overrunReservedNanos < 0n) {
    return { invariant: 'I1', what: 'leaves a negative amount held' }
  }
  let lookedAt: GrantId | undefined
  for (const { from, to } of legs) {
    for (const account of [from, to]) {
      const id = grantOf(account)
      if (id === undefined || id === lookedAt) continue
      lookedAt = id
      const grant = after.grants.get(id)
      if (grant !== undefined && !isWhole(grant)) {
        return { invariant: 'I1', what: `leaves grant ${id} not adding up` }
      }
    }
  }
  return undefined
}

const grantOf = (account: string): GrantId | undefined =>
  account.startsWith('grant:') ? grantId(account.slice(6, account.lastIndexOf(':'))) : undefined

function isWhole(grant: Grant): boolean {
  const { availableNanos, heldNanos, spentNanos: spent, expiredNanos, refundedNanos } = grant
  if (availableNanos < 0n || heldNanos < 0n || spent < 0n) return false
  if (expiredNanos < 0n || refundedNanos < 0n) return false
  return availableNanos + heldNanos + spent + expiredNanos + refundedNanos === grant.grantedNanos
}
