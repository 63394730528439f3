import type { BootId, CustomerId, HoldId } from '../core/ids.ts'
import type { Storage } from '../storage/storage.ts'
import type { Clock } from '../system/clock.ts'
import type { Random } from '../system/random.ts'
import type { DecisionSigner } from './decision-id.ts'
import type { WaitingLine } from './waiting-line.ts'

/** What every operation stands on. */
export type Parts = {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
}

/** What admission needs besides: one of each per gateway process. */
export type GateParts = Parts & {
  readonly signer: DecisionSigner
  readonly line: WaitingLine
  readonly running: RunningCount
  readonly bootId: BootId
  /** The longest a hold may live, in milliseconds. */
  readonly holdMaxMs: number
}

/** How many requests of each customer run through this process; the member's own count is in the journal. */
export class RunningCount {
  readonly #holds = new Map<CustomerId, Set<HoldId>>()

  of(customerId: CustomerId): number {
    return this.#holds.get(customerId)?.size ?? 0
  }

  start(customerId: CustomerId, holdId: HoldId): void {
    const holds = this.#holds.get(customerId) ?? new Set()
    holds.add(holdId)
    this.#holds.set(customerId, holds)
  }

  end(customerId: CustomerId, holdId: HoldId): void {
    const holds = this.#holds.get(customerId)
    holds?.delete(holdId)
    if (holds?.size === 0) this.#holds.delete(customerId)
  }
}
