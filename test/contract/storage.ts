import { describe } from 'node:test'
import type { Storage } from '../../src/storage/storage.ts'
import type { ManualClock } from './manual-clock.ts'
import { testChanges } from './storage-changes.ts'
import { testClock } from './storage-clock.ts'
import { testFaults } from './storage-faults.ts'
import { testHolds } from './storage-holds.ts'
import { testPeople } from './storage-people.ts'
import { testClockJumps, testReads } from './storage-reads.ts'
import { testSums, testStoredSums } from './storage-sums.ts'
import { testQuarantine } from './storage-quarantine.ts'

/**
 * What every storage keeps, whoever implements it. An implementation's own test file makes beds for it and
 * calls `testStorage`.
 */
export type StorageBed = {
  readonly clock: ManualClock
  /** Warnings and errors that the storage logged. */
  readonly logged: readonly string[]
  /** Opens the one journal of this bed; again after the storage was closed or has crashed. */
  open(): Promise<Storage>
  /** The process dies: nothing is flushed, nobody is told. */
  crash(): Promise<void>
  /** The next commit fails: before anything was written, or after all of it was. */
  failNextCommit(how: 'before' | 'after'): void
  /** Every commit fails from now on, until the answer is called. */
  failCommits(): () => void
  /** Commits wait until the answer is called. */
  holdCommits(): () => void
  /** Changes a number in every stored derivation that holds one; answers how many were changed. */
  damageDerivations(): number
  /** Removes every stored derivation. */
  dropDerivations(): void
  /** Ends what the bed has open, and removes its files. */
  end(): Promise<void>
}

/** Entries of one account between two snapshots, in every bed: small, so that short tests reach it. */
export const bedSnapshotEvery = 4

export type MakeBed = () => Promise<StorageBed>

/** What a storage may do without, because somebody else does it for it. */
export type Without = 'clock jumps' | 'stored sums'

export function testStorage(
  name: string,
  makeBed: MakeBed,
  without: readonly Without[] = [],
): void {
  describe(`storage contract: ${name}`, () => {
    testChanges(makeBed)
    testFaults(makeBed)
    testHolds(makeBed)
    testPeople(makeBed)
    testQuarantine(makeBed)
    testReads(makeBed)
    testSums(makeBed)
    if (!without.includes('stored sums')) testStoredSums(makeBed)
    if (without.includes('clock jumps')) return
    testClock(makeBed)
    testClockJumps(makeBed)
  })
}
