import type { CustomerState, MemberState, SystemState } from '../../core/account.ts'
import { applyToSystem } from '../../core/apply.ts'
import { emptySystem } from '../../core/empty-state.ts'
import type { Entry } from '../../core/entry.ts'
import type { CustomerId } from '../../core/ids.ts'
import { encodeCustomer, encodeMember } from '../state-codec.ts'
import type { MemberScope } from '../storage.ts'
import type { Rebuilt, SumOwner } from './rebuild.ts'

/** Sums that this process built from entries, with the position of the last entry in them. */
export type Sum<State> = {
  readonly owner: SumOwner
  readonly state: State
  lastPosition: number
  sinceSeal: number
  /** Position of the last seal, or of the first entry: where a rebuild has to begin. */
  startPosition: number
}

export const sumOf = <State>(owner: SumOwner, rebuilt: Rebuilt<State>): Sum<State> => ({
  owner,
  state: rebuilt.state,
  lastPosition: rebuilt.lastPosition,
  sinceSeal: rebuilt.sinceSeal,
  startPosition: rebuilt.startPosition,
})

export const ownerKey = ({ customerId, memberId }: SumOwner): string =>
  `${customerId}:${memberId ?? ''}`

/**
 * The warm sums, the most recently used ones, at most `sumsMax` of each kind. Sums with entries that are
 * not durable yet stay, because a rebuild from the file would miss those entries.
 */
export class SumCache {
  readonly #sumsMax: number
  readonly #customers = new Map<CustomerId, Sum<CustomerState>>()
  readonly #members = new Map<string, Sum<MemberState>>()
  readonly #pins = new Map<string, number>()
  readonly #waits = new Map<string, number>()
  system: SystemState = emptySystem()
  systemPosition = 0

  constructor(sumsMax: number) {
    this.#sumsMax = sumsMax
  }

  has(owner: SumOwner): boolean {
    return owner.memberId === null
      ? this.#customers.has(owner.customerId)
      : this.#members.has(ownerKey(owner))
  }

  customer(customerId: CustomerId): Sum<CustomerState> | undefined {
    return freshened(this.#customers, customerId)
  }

  member(scope: MemberScope): Sum<MemberState> | undefined {
    return freshened(this.#members, ownerKey(scope))
  }

  /** The warm sums as text with their position, if they are in memory. */
  textOf(owner: SumOwner): { readonly text: string; readonly position: number } | undefined {
    const { customerId, memberId } = owner
    if (memberId === null) {
      const sum = this.customer(customerId)
      return sum && { text: encodeCustomer(sum.state), position: sum.lastPosition }
    }
    const sum = this.member({ customerId, memberId })
    return sum && { text: encodeMember(sum.state), position: sum.lastPosition }
  }

  putCustomer(sum: Sum<CustomerState>, durablePosition: number): void {
    this.#customers.set(sum.owner.customerId, sum)
    this.#trim(this.#customers, durablePosition)
  }

  putMember(scope: MemberScope, sum: Sum<MemberState>, durablePosition: number): void {
    this.#members.set(ownerKey(scope), sum)
    this.#trim(this.#members, durablePosition)
  }

  /** Somebody waits for these sums: they stay until he has used them. */
  pin(owner: SumOwner): void {
    const key = ownerKey(owner)
    this.#pins.set(key, (this.#pins.get(key) ?? 0) + 1)
  }

  unpin(owner: SumOwner): void {
    const key = ownerKey(owner)
    const pins = (this.#pins.get(key) ?? 0) - 1
    if (pins > 0) this.#pins.set(key, pins)
    else this.#pins.delete(key)
  }

  loadSystem(entries: readonly Entry[]): void {
    this.system = emptySystem()
    this.systemPosition = 0
    for (const entry of entries) this.applySystem(entry)
  }

  applySystem(entry: Entry): void {
    applyToSystem(this.system, entry)
    this.systemPosition = entry.position
  }

  /**
   * Entries were half applied: these sums are wrong. They are built anew, but not before the last entry
   * that is pending now is in the file.
   */
  spoil(
    target: {
      readonly customer: Sum<CustomerState> | undefined
      readonly member: Sum<MemberState> | undefined
    },
    pendingPosition: number,
  ): void {
    const { customer, member } = target
    if (customer !== undefined) {
      this.#customers.delete(customer.owner.customerId)
      this.#waits.set(ownerKey(customer.owner), pendingPosition)
    }
    if (member !== undefined) {
      this.#members.delete(ownerKey(member.owner))
      this.#waits.set(ownerKey(member.owner), pendingPosition)
    }
  }

  spoilOwner({ customerId, memberId }: SumOwner, pendingPosition: number): void {
    const customer = memberId === null ? this.customer(customerId) : undefined
    const member = memberId === null ? undefined : this.member({ customerId, memberId })
    this.spoil({ customer, member }, pendingPosition)
  }

  /** The position that has to be durable before these sums may be built from the file. */
  takeWait(owner: SumOwner): number {
    const position = this.#waits.get(ownerKey(owner)) ?? 0
    this.#waits.delete(ownerKey(owner))
    return position
  }

  /** Nothing is believed any more: the next change builds its sums anew. */
  forget(): void {
    this.#customers.clear()
    this.#members.clear()
    this.#waits.clear()
  }

  #trim<Key, State>(map: Map<Key, Sum<State>>, durablePosition: number): void {
    if (map.size <= this.#sumsMax) return
    for (const [key, { owner, lastPosition }] of map) {
      const isNeeded = lastPosition > durablePosition || this.#pins.has(ownerKey(owner))
      if (!isNeeded) map.delete(key)
      if (map.size <= this.#sumsMax) return
    }
  }
}

/** A map keeps insertion order, so the first entry is the one used longest ago. */
function freshened<Key, Value>(map: Map<Key, Value>, key: Key): Value | undefined {
  const value = map.get(key)
  if (value !== undefined) {
    map.delete(key)
    map.set(key, value)
  }
  return value
}
