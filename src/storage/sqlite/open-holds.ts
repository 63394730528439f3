import type { EntryBody } from '../../core/entry.ts'
import type { CustomerId, HoldId } from '../../core/ids.ts'
import type { MemberScope } from '../storage.ts'

export type ListedHold = MemberScope & {
  readonly holdId: HoldId
  readonly position: number
  readonly expiresAtMs: number
}

/** Every open hold of this node, whether or not its member's sums are loaded: for the sweep and the count. */
export class OpenHolds {
  readonly #holds = new Map<HoldId, ListedHold>()
  readonly #counts = new Map<CustomerId, number>()

  get size(): number {
    return this.#holds.size
  }

  count(customerId: CustomerId): number {
    return this.#counts.get(customerId) ?? 0
  }

  /** Keeps up with an entry that was just applied. */
  follow(scope: MemberScope, body: EntryBody, position: number): void {
    if (body.kind === 'held') {
      const { holdId, expiresAtMs } = body
      this.add({ ...scope, holdId, position, expiresAtMs })
    } else if (body.kind === 'settled' || body.kind === 'voided' || body.kind === 'expired') {
      this.#remove(body.holdId)
    }
  }

  add(hold: ListedHold): void {
    this.#holds.set(hold.holdId, hold)
    this.#counts.set(hold.customerId, this.count(hold.customerId) + 1)
  }

  /** Holds whose time is up. */
  overdue(nowMs: number): readonly ListedHold[] {
    const found: ListedHold[] = []
    for (const hold of this.#holds.values()) if (hold.expiresAtMs <= nowMs) found.push(hold)
    return found
  }

  all(): readonly ListedHold[] {
    return [...this.#holds.values()]
  }

  /** The position before which no hold is open; undefined when none is open at all. */
  oldestPosition(): number | undefined {
    // Holds are listed in journal order, so the first one is the oldest.
    for (const hold of this.#holds.values()) return hold.position
    return undefined
  }

  clear(): void {
    this.#holds.clear()
    this.#counts.clear()
  }

  #remove(holdId: HoldId): void {
    const hold = this.#holds.get(holdId)
    if (hold === undefined) return
    this.#holds.delete(holdId)
    const count = this.count(hold.customerId) - 1
    if (count > 0) this.#counts.set(hold.customerId, count)
    else this.#counts.delete(hold.customerId)
  }
}
