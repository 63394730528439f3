import type { Account, CustomerState, MemberState, SystemState } from '../../../src/core/account.ts'
import {
  applyToCustomer,
  applyToMember,
  applyToSystem,
  touchesCustomer,
} from '../../../src/core/apply.ts'
import { emptyCustomer, emptyMember, emptySystem } from '../../../src/core/empty-state.ts'
import type { Entry } from '../../../src/core/entry.ts'
import { systemCustomerId, type CustomerId, type MemberId } from '../../../src/core/ids.ts'
import { assertEntry, assertSums } from '../../../src/core/invariants.ts'
import { encodeCustomer, encodeMember } from '../../../src/storage/state-codec.ts'
import type { DatabaseHold, Snapshot } from './database-types.ts'

/** Customers whose sums one node keeps; of others it reads all entries again. */
const customersMax = 1000

/** A customer's sums as this node folded them, all of them as they are behind the same entry. */
export class CustomerSums {
  readonly customerId: CustomerId
  readonly state: CustomerState
  readonly members = new Map<MemberId, MemberState>()
  /** As the installation was in the same transaction. */
  readonly system: SystemState = emptySystem()
  systemPosition = 0
  /** Of the customer's last entry in them. */
  position = 0
  holds: readonly DatabaseHold[] = []
  /** What the database said last. */
  last: Snapshot | undefined

  constructor(customerId: CustomerId, state = emptyCustomer(customerId)) {
    this.customerId = customerId
    this.state = state
  }

  get #isSystem(): boolean {
    return this.customerId === systemCustomerId
  }

  account(memberId: MemberId): Account {
    return { system: this.system, customer: this.state, member: this.member(memberId) }
  }

  member(memberId: MemberId): MemberState {
    const known = this.members.get(memberId)
    if (known !== undefined) return known
    const made = emptyMember({ customerId: this.customerId, memberId })
    this.members.set(memberId, made)
    return made
  }

  /** Where the sums of one member end: what a decision on them can have read. */
  readPosition(memberId: MemberId | null): number {
    const own = memberId === null ? 0 : this.member(memberId).position
    return Math.max(this.systemPosition, this.state.position, own)
  }

  take(snapshot: Snapshot): void {
    this.last = snapshot
    this.holds = snapshot.holds
    for (const entry of snapshot.systemEntries) {
      if (entry.position <= this.systemPosition) continue
      applyToSystem(this.system, entry)
      this.systemPosition = entry.position
    }
    for (const entry of snapshot.entries) {
      if (entry.position <= this.position) continue
      if (!this.#isSystem) this.#apply(entry)
      this.position = entry.position
    }
  }

  /** Throws when these entries cannot follow; the sums stay as they are. */
  tryOut(entries: readonly Entry[]): void {
    const copy = new CustomerSums(this.customerId, structuredClone(this.state))
    for (const { memberId } of entries) {
      if (memberId !== null) copy.members.set(memberId, structuredClone(this.member(memberId)))
    }
    for (const entry of entries) {
      const member = entry.memberId === null ? undefined : copy.member(entry.memberId)
      const sums = { customer: copy.state, member }
      const drawnNanos = assertEntry(sums, entry)
      copy.#apply(entry)
      assertSums(sums, entry, drawnNanos)
    }
  }

  #apply(entry: Entry): void {
    if (touchesCustomer(entry)) applyToCustomer(this.state, entry)
    if (entry.memberId !== null) applyToMember(this.member(entry.memberId), entry)
  }

  /** As text, to be held against what a recomputation says. */
  texts(): ReadonlyMap<string, string> {
    const texts = new Map([['', encodeCustomer(this.state)]])
    for (const [memberId, state] of this.members) texts.set(memberId, encodeMember(state))
    return texts
  }
}

/** The sums of one node: a cache, which every answer has confirmed by the database (R2). */
export class NodeSums {
  readonly #customers = new Map<CustomerId, CustomerSums>()

  customer(customerId: CustomerId): CustomerSums {
    const sums = this.#customers.get(customerId) ?? new CustomerSums(customerId)
    this.#customers.delete(customerId)
    this.#customers.set(customerId, sums)
    for (const oldest of this.#customers.keys()) {
      if (this.#customers.size <= customersMax) break
      this.#customers.delete(oldest)
    }
    return sums
  }

  all(): readonly CustomerSums[] {
    return [...this.#customers.values()]
  }

  forget(customerId: CustomerId): void {
    this.#customers.delete(customerId)
  }
}
