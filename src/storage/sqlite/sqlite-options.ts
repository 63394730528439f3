import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { Random } from '../../system/random.ts'
import type { JournalTakenError } from '../storage.ts'
import type { JournalWriter } from '../sqlite-log/journal-writer.ts'
import type { LogCopier } from '../sqlite-log/log-copier.ts'
import type { UpgradeStep } from './migrate.ts'
import type { SqlDriver } from '../sqlite-file/sql-driver.ts'

export type SqliteStorageOptions = {
  readonly dataFolder: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Told before and after the format of the journal is changed, which may take minutes. */
  readonly onUpgrade?: (step: UpgradeStep) => void
  /** This program's version, for the journal. */
  readonly version: string
  /** Entries of one account between two snapshots of its sums. */
  readonly snapshotEvery?: number
  /**
   * An account that writes gets a snapshot also when its last lies so many positions back: a rebuild then
   * looks into about a thousand segments at most, however rarely the account writes.
   */
  readonly sealAgeMax?: number
  /** Customers, and members, whose sums are kept in memory. */
  readonly sumsMax?: number
  /** How long one caller waits for sums that have to be built. */
  readonly loadTimeoutMs?: number
  /**
   * How long the ends of holds wait to be committed with what somebody waits for; not at all when left out. A crash
   * within that time gives their holds back, as one within their commit does.
   */
  readonly lingerMs?: number
  /**
   * The part of this thread's time that a verify may take while callers are served; all of it when left out, as for
   * the journal of a stopped server.
   */
  readonly verifyShare?: number
  /** Tests and simulations put one here that fails; it writes in this thread, unless `startWriter` is there, too. */
  readonly driver?: SqlDriver
  /** Tests hear here what ends a process. */
  readonly onTaken?: (error: JournalTakenError) => void
  /** Tests put a writer here that waits or dies. */
  readonly startWriter?: (journalPath: string) => JournalWriter
  /** Benchmarks put one here that does nothing, to see what it is worth. */
  readonly startCopier?: (journalPath: string) => LogCopier
}
