import { hash } from 'node:crypto'
import type {
  ClosedGrants,
  CustomerState,
  Grant,
  LimitException,
  LostHold,
  MemberState,
  OpenHold,
  OverrunWindow,
  ReloadMonth,
  SpendWindow,
  WindowInstance,
} from '../core/account.ts'
import type { GrantId, HoldId, LimitId } from '../core/ids.ts'
import {
  decodeAmounts,
  decodeCap,
  decodeException,
  decodeGrantLegs,
  decodeReload,
  encodeAmounts,
  encodeCap,
  encodeException,
  encodeGrantLegs,
  encodeReload,
  type Stored,
} from './entry-codec.ts'

/**
 * Running sums as JSON text and back: the content of snapshots. The text of equal sums is equal, byte for
 * byte, because every map keeps the order in which the journal filled it; a seal is this text's digest.
 */

/** Raise it when the shape or meaning of sums changes: snapshots of another format are made anew. */
export const stateFormat = 6

/** Maps become lists of pairs. */
type StoredMap<Key, Value> = readonly (readonly [Key, Stored<Value>])[]

type StoredCustomer = Stored<Omit<CustomerState, 'grants'>> & {
  readonly format: number
  readonly grants: StoredMap<GrantId, Grant>
}

type StoredMember = Stored<
  Omit<MemberState, 'exceptions' | 'windows' | 'holds' | 'lost' | 'outputs' | 'grantedMonths'>
> & {
  readonly format: number
  readonly exceptions: StoredMap<LimitId, LimitException>
  readonly windows: StoredMap<LimitId, WindowInstance>
  readonly holds: StoredMap<HoldId, OpenHold>
  readonly lost: StoredMap<HoldId, LostHold>
  readonly outputs: StoredMap<string, readonly number[]>
  readonly grantedMonths: StoredMap<string, readonly number[]>
}

/** What an entry's row carries to vouch for a snapshot: the format, and the digest of its text. */
export const sealOf = (text: string): string => `${stateFormat}:${hash('sha256', text)}`

/** Seals of another version's format can be neither confirmed nor denied. */
export const isCurrentSeal = (seal: string): boolean => seal.startsWith(`${stateFormat}:`)

function encodeMap<Key, Value>(
  map: ReadonlyMap<Key, Value>,
  encode: (value: Value) => Stored<Value>,
): StoredMap<Key, Value> {
  const pairs: (readonly [Key, Stored<Value>])[] = []
  for (const [key, value] of map) pairs.push([key, encode(value)])
  return pairs
}

function decodeMap<Key, Content, Value>(
  pairs: readonly (readonly [Key, Content])[],
  decode: (value: Content) => Value,
): Map<Key, Value> {
  const map = new Map<Key, Value>()
  for (const [key, value] of pairs) map.set(key, decode(value))
  return map
}

const encodeMonth = (month: SpendWindow): Stored<SpendWindow> => ({
  ...month,
  spentNanos: String(month.spentNanos),
})

const decodeMonth = (month: Stored<SpendWindow>): SpendWindow => ({
  ...month,
  spentNanos: BigInt(month.spentNanos),
})

const encodeSpend = (spend: SpendWindow | null): Stored<SpendWindow> | null =>
  spend === null ? null : encodeMonth(spend)

const decodeSpend = (spend: Stored<SpendWindow> | null): SpendWindow | null =>
  spend === null ? null : decodeMonth(spend)

const encodeGrant = (grant: Grant): Stored<Grant> => ({
  ...grant,
  grantedNanos: String(grant.grantedNanos),
  availableNanos: String(grant.availableNanos),
  heldNanos: String(grant.heldNanos),
  spentNanos: String(grant.spentNanos),
  expiredNanos: String(grant.expiredNanos),
  refundedNanos: String(grant.refundedNanos),
})

const decodeGrant = (grant: Stored<Grant>): Grant => ({
  ...grant,
  grantedNanos: BigInt(grant.grantedNanos),
  availableNanos: BigInt(grant.availableNanos),
  heldNanos: BigInt(grant.heldNanos),
  spentNanos: BigInt(grant.spentNanos),
  expiredNanos: BigInt(grant.expiredNanos),
  refundedNanos: BigInt(grant.refundedNanos),
})

const encodeClosed = (closed: ClosedGrants): Stored<ClosedGrants> => ({
  count: closed.count,
  grantedNanos: String(closed.grantedNanos),
  spentNanos: String(closed.spentNanos),
  refundedNanos: String(closed.refundedNanos),
})

const decodeClosed = (closed: Stored<ClosedGrants>): ClosedGrants => ({
  count: closed.count,
  grantedNanos: BigInt(closed.grantedNanos),
  spentNanos: BigInt(closed.spentNanos),
  refundedNanos: BigInt(closed.refundedNanos),
})

const encodeWindow = (window: WindowInstance): Stored<WindowInstance> => ({
  ...window,
  used: String(window.used),
  held: String(window.held),
})

const decodeWindow = (window: Stored<WindowInstance>): WindowInstance => ({
  ...window,
  used: BigInt(window.used),
  held: BigInt(window.held),
})

const encodeOverrun = (overrun: OverrunWindow): Stored<OverrunWindow> => ({
  ...overrun,
  bookedNanos: String(overrun.bookedNanos),
  lostNanos: String(overrun.lostNanos),
})

const decodeOverrun = (overrun: Stored<OverrunWindow>): OverrunWindow => ({
  ...overrun,
  bookedNanos: BigInt(overrun.bookedNanos),
  lostNanos: BigInt(overrun.lostNanos),
})

const encodeReloadMonth = (month: ReloadMonth): Stored<ReloadMonth> => ({
  ...month,
  reloadedNanos: String(month.reloadedNanos),
})

const decodeReloadMonth = (month: Stored<ReloadMonth>): ReloadMonth => ({
  ...month,
  reloadedNanos: BigInt(month.reloadedNanos),
})

const encodeHold = (hold: OpenHold): Stored<OpenHold> => ({
  ...hold,
  amounts: encodeAmounts(hold.amounts),
  expected: encodeAmounts(hold.expected),
  worstNanos: String(hold.worstNanos),
  grantLegs: encodeGrantLegs(hold.grantLegs),
  overrunReserveNanos: String(hold.overrunReserveNanos),
})

const decodeHold = (hold: Stored<OpenHold>): OpenHold => ({
  ...hold,
  amounts: decodeAmounts(hold.amounts),
  expected: decodeAmounts(hold.expected),
  worstNanos: BigInt(hold.worstNanos),
  grantLegs: decodeGrantLegs(hold.grantLegs),
  overrunReserveNanos: BigInt(hold.overrunReserveNanos),
})

const encodeLost = (lost: LostHold): Stored<LostHold> => ({
  ...lost,
  hold: encodeHold(lost.hold),
  lostNanos: String(lost.lostNanos),
})

const decodeLost = (lost: Stored<LostHold>): LostHold => ({
  ...lost,
  hold: decodeHold(lost.hold),
  lostNanos: BigInt(lost.lostNanos),
})

export function encodeCustomer(state: CustomerState): string {
  const stored: StoredCustomer = {
    format: stateFormat,
    ...state,
    cap: encodeCap(state.cap),
    spend: encodeSpend(state.spend),
    spendBefore: state.spendBefore.map(encodeMonth),
    heldNanos: String(state.heldNanos),
    grants: encodeMap(state.grants, encodeGrant),
    closedGrants: encodeClosed(state.closedGrants),
    overrun: state.overrun === null ? null : encodeOverrun(state.overrun),
    overrunBefore: state.overrunBefore.map(encodeOverrun),
    overrunReservedNanos: String(state.overrunReservedNanos),
    overrunMaxNanos: String(state.overrunMaxNanos),
    autoReload: encodeReload(state.autoReload),
    standingOrderNanos: String(state.standingOrderNanos),
    reloads: state.reloads === null ? null : encodeReloadMonth(state.reloads),
    reloadsBefore: state.reloadsBefore.map(encodeReloadMonth),
  }
  return JSON.stringify(stored)
}

/** Throws on text that it did not write. */
export function decodeCustomer(text: string): CustomerState {
  const { format: _format, ...stored } = JSON.parse(text) as StoredCustomer
  return {
    ...stored,
    extraUsage: { ...stored.extraUsage },
    cap: decodeCap(stored.cap),
    spend: decodeSpend(stored.spend),
    spendBefore: stored.spendBefore.map(decodeMonth),
    heldNanos: BigInt(stored.heldNanos),
    grants: decodeMap(stored.grants, decodeGrant),
    closedGrants: decodeClosed(stored.closedGrants),
    overrun: stored.overrun === null ? null : decodeOverrun(stored.overrun),
    overrunBefore: stored.overrunBefore.map(decodeOverrun),
    overrunReservedNanos: BigInt(stored.overrunReservedNanos),
    overrunMaxNanos: BigInt(stored.overrunMaxNanos),
    autoReload: decodeReload(stored.autoReload),
    standingOrderNanos: BigInt(stored.standingOrderNanos),
    reloads: stored.reloads === null ? null : decodeReloadMonth(stored.reloads),
    reloadsBefore: stored.reloadsBefore.map(decodeReloadMonth),
  }
}

export function encodeMember(state: MemberState): string {
  const stored: StoredMember = {
    format: stateFormat,
    ...state,
    cap: encodeCap(state.cap),
    spend: encodeSpend(state.spend),
    spendBefore: state.spendBefore.map(encodeMonth),
    heldNanos: String(state.heldNanos),
    exceptions: encodeMap(state.exceptions, encodeException),
    windows: encodeMap(state.windows, encodeWindow),
    keptWindows: state.keptWindows.map(encodeWindow),
    holds: encodeMap(state.holds, encodeHold),
    lost: encodeMap(state.lost, encodeLost),
    outputs: encodeMap(state.outputs, (outputs) => outputs),
    grantedMonths: encodeMap(state.grantedMonths, (months) => months),
  }
  return JSON.stringify(stored)
}

/** Throws on text that it did not write. */
export function decodeMember(text: string): MemberState {
  const { format: _format, ...stored } = JSON.parse(text) as StoredMember
  return {
    ...stored,
    extraUsage: { ...stored.extraUsage },
    cap: decodeCap(stored.cap),
    spend: decodeSpend(stored.spend),
    spendBefore: stored.spendBefore.map(decodeMonth),
    heldNanos: BigInt(stored.heldNanos),
    exceptions: decodeMap(stored.exceptions, decodeException),
    windows: decodeMap(stored.windows, decodeWindow),
    keptWindows: stored.keptWindows.map(decodeWindow),
    holds: decodeMap(stored.holds, decodeHold),
    lost: decodeMap(stored.lost, decodeLost),
    outputs: decodeMap(stored.outputs, (outputs) => [...outputs]),
    grantedMonths: decodeMap(stored.grantedMonths, (months) => months),
  }
}

/** The format that a stored text claims; undefined when it is no such text. */
export function formatOf(text: string): number | undefined {
  const match = /^\{"format":(\d{1,6}),/.exec(text)
  return match === null ? undefined : Number(match[1])
}
