import type { HoldId } from '../../core/ids.ts'
import type { JournalRow } from '../entry-codec.ts'
import { JournalTakenError, type MemberScope } from '../storage.ts'
import type { JournalReader } from '../sqlite-file/journal-reader.ts'

type DoubtfulHold = MemberScope & { readonly position: number }

const rowsAtOnce = 1000

/** What was handed in and not acknowledged: the file has the first batch of it whole, or nothing of it. */
export class LostBatches {
  #rows: readonly JournalRow[] = []
  /** Their callers were refused; they are voided when they are found in the file. */
  readonly #holds = new Map<HoldId, DoubtfulHold>()

  add(rows: readonly JournalRow[]): void {
    this.#rows = rows
    for (const { kind, holdId, customerId, memberId, position } of rows) {
      if (kind !== 'held' || holdId === null || memberId === null) continue
      this.#holds.set(holdId as HoldId, { customerId, memberId, position })
    }
  }

  /**
   * Throws when the file has lost what was acknowledged, or has entries that this process did not write: then
   * somebody else has written it or put another one in its place, and nothing built on it can be right.
   */
  check(reader: JournalReader, durablePosition: number): void {
    const last = reader.lastPosition()
    if (last < durablePosition) {
      throw new JournalTakenError(
        `The journal ends at entry ${last}, and entry ${durablePosition} was acknowledged`,
      )
    }
    const expected = new Map(this.#rows.map((row) => [row.position, row]))
    for (let after = durablePosition; after < last; after += rowsAtOnce) {
      for (const row of reader.hashedRows(after, rowsAtOnce)) {
        if (isSame(row, expected.get(row.position))) continue
        throw new JournalTakenError(
          `Entry ${row.position} of the journal was not written by this process`,
        )
      }
    }
  }

  async endHolds(
    last: number,
    end: (scope: MemberScope, holdId: HoldId) => Promise<void>,
  ): Promise<void> {
    for (const [holdId, scope] of this.#holds) {
      if (scope.position <= last) await end(scope, holdId)
      this.#holds.delete(holdId)
    }
  }
}

function isSame(row: JournalRow, expected: JournalRow | undefined): boolean {
  return (
    expected !== undefined &&
    row.customerId === expected.customerId &&
    row.atMs === expected.atMs &&
    row.legs === expected.legs &&
    row.body === expected.body
  )
}

/** A fault that nobody catches: whoever runs the process ends it (`main.ts`). */
export function endProcess(error: JournalTakenError): void {
  queueMicrotask(() => {
    throw error
  })
}
