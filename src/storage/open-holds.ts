import type { Entry } from '../core/entry.ts'
import type { CustomerId, HoldId } from '../core/ids.ts'
import type { MemberScope } from './storage.ts'

export type ListedHold = MemberScope & {
  readonly holdId: HoldId
  readonly position: number
  /** How long it may live from its placing on. */
  readonly lifeMs: number
}

/** Customers whose last hold position is remembered; by then the oldest has long been durable. */
const positionsMax = 100_000

/** Every open hold of this node, whether or not its member's sums are loaded: for the sweep and the count. */
export class OpenHolds {
  readonly #elapsedMs: () => number
  /**
   * When each hold's time is up, by elapsed time: a jump of the wall clock ends no request. Kept when the
   * list is read again, and forgotten when the hold ends.
   */
  readonly #dueMs = new Map<HoldId, number>()
  readonly #holds = new Map<HoldId, ListedHold>()
  readonly #counts = new Map<CustomerId, number>()
  /** Position of the last entry that placed or ended a hold of a customer. */
  readonly #positions = new Map<CustomerId, number>()
  #readPosition = 0

  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs
  }

  /** How many holds of a customer's members are open. Asked within a change, it is something the change read. */
  count(customerId: CustomerId): number {
    this.#readPosition = Math.max(this.#readPosition, this.#positions.get(customerId) ?? 0)
    return this.#counts.get(customerId) ?? 0
  }

  /** Position of the last entry that counts asked for since the last call rest on. */
  takeReadPosition(): number {
    const position = this.#readPosition
    this.#readPosition = 0
    return position
  }

  /** Keeps up with an entry that was just applied. */
  follow(scope: MemberScope, { body, position, atMs }: Entry): void {
    if (body.kind === 'held') {
      const { holdId, expiresAtMs } = body
      this.add({ ...scope, holdId, position, lifeMs: expiresAtMs - atMs })
    } else if (body.kind === 'settled' || body.kind === 'voided' || body.kind === 'expired') {
      this.#remove(body.holdId, position)
    }
  }

  add(hold: ListedHold): void {
    const { customerId, holdId, position } = hold
    this.#holds.set(holdId, hold)
    if (!this.#dueMs.has(holdId)) this.#dueMs.set(holdId, this.#elapsedMs() + hold.lifeMs)
    this.#counts.set(customerId, (this.#counts.get(customerId) ?? 0) + 1)
    this.#setPosition(customerId, position)
  }

  /** Holds whose time is up. */
  overdue(): readonly ListedHold[] {
    const elapsedMs = this.#elapsedMs()
    const found: ListedHold[] = []
    for (const hold of this.#holds.values()) {
      if ((this.#dueMs.get(hold.holdId) ?? elapsedMs) <= elapsedMs) found.push(hold)
    }
    return found
  }

  /** The oldest, in journal order. */
  list(rowsMax: number): readonly ListedHold[] {
    return this.#holds.values().take(rowsMax).toArray()
  }

  /** How many are open, and when the time of the first is up. */
  summary(nowMs: number): { readonly count: number; readonly firstEndMs: number | null } {
    let firstMs = Infinity
    for (const dueMs of this.#dueMs.values()) firstMs = Math.min(firstMs, dueMs)
    const firstEndMs = firstMs === Infinity ? null : nowMs + firstMs - this.#elapsedMs()
    return { count: this.#holds.size, firstEndMs }
  }

  /** The position before which no hold is open; undefined when none is open at all. */
  oldestPosition(): number | undefined {
    // Holds are listed in journal order, so the first one is the oldest.
    for (const hold of this.#holds.values()) return hold.position
    return undefined
  }

  /** The list as the journal has it now; what stays on it keeps the end of its time. */
  replace(holds: readonly ListedHold[]): void {
    this.#holds.clear()
    this.#counts.clear()
    this.#positions.clear()
    for (const hold of holds) this.add(hold)
    for (const id of this.#dueMs.keys()) if (!this.#holds.has(id)) this.#dueMs.delete(id)
  }

  #remove(holdId: HoldId, position: number): void {
    const hold = this.#holds.get(holdId)
    if (hold === undefined) return
    const { customerId } = hold
    this.#holds.delete(holdId)
    this.#dueMs.delete(holdId)
    const count = (this.#counts.get(customerId) ?? 0) - 1
    if (count > 0) this.#counts.set(customerId, count)
    else this.#counts.delete(customerId)
    this.#setPosition(customerId, position)
  }

  #setPosition(customerId: CustomerId, position: number): void {
    this.#positions.delete(customerId)
    this.#positions.set(customerId, position)
    if (this.#positions.size <= positionsMax) return
    for (const oldest of this.#positions.keys()) {
      this.#positions.delete(oldest)
      return
    }
  }
}
