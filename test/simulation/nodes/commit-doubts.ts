import { holdId, type CustomerId, type HoldId } from '../../../src/core/ids.ts'
import type { JournalRow } from '../../../src/storage/entry-codec.ts'
import type { CommittedScope, MemberScope } from '../../../src/storage/storage.ts'

export type DoubtfulHold = MemberScope & { readonly holdId: HoldId }

/** A commit of which its node does not know whether it happened, with the holds that it placed. */
type Doubt = { readonly commitId: string; readonly holds: readonly DoubtfulHold[] }

/** What was answered with "unavailable" and may be in the journal all the same (R3). */
export class CommitDoubts {
  readonly #ofCustomers = new Map<CustomerId, readonly Doubt[]>()

  get customers(): readonly CustomerId[] {
    return [...this.#ofCustomers.keys()]
  }

  add(
    { customerId, memberId }: CommittedScope,
    commitId: string,
    rows: readonly JournalRow[],
  ): void {
    const holds = rows.flatMap((row) => {
      if (row.kind !== 'held' || row.holdId === null || memberId === null) return []
      return [{ customerId, memberId, holdId: holdId(row.holdId) }]
    })
    const doubts = this.#ofCustomers.get(customerId) ?? []
    this.#ofCustomers.set(customerId, [...doubts, { commitId, holds }])
  }

  /** Asks of each whether it has happened, and ends its holds when it has; where that fails, the doubt stays. */
  async end(
    customerId: CustomerId,
    hands: {
      readonly hasHappened: (commitId: string) => Promise<boolean>
      readonly endHold: (hold: DoubtfulHold) => Promise<void>
    },
  ): Promise<void> {
    for (const doubt of this.#ofCustomers.get(customerId) ?? []) {
      const { commitId, holds } = doubt
      if (await hands.hasHappened(commitId)) for (const hold of holds) await hands.endHold(hold)
      const left = (this.#ofCustomers.get(customerId) ?? []).filter((one) => one !== doubt)
      if (left.length > 0) this.#ofCustomers.set(customerId, left)
      else this.#ofCustomers.delete(customerId)
    }
  }
}
