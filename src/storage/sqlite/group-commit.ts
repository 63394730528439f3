import type { Clock } from '../../system/clock.ts'
import { onNextTurn } from '../../system/next-turn.ts'
import { StorageUnavailableError } from '../storage.ts'
import type { JournalRow } from '../entry-codec.ts'
import type { JournalWriter, SnapshotRow } from '../sqlite-log/journal-writer.ts'

/** A commit that takes longer than this has an unknown outcome, and its callers are told so. */
export const commitTimeoutMs = 10_000
/** Entries waiting for the disk; more callers than that are turned away instead of queued. */
export const pendingRowsMax = 50_000

/**
 * With so many entries a batch leaves at once instead of at the end of the turn, so that the disk works
 * while the next changes run. Below that, a commit costs more than the entries in it.
 */
const rowsWorthACommit = 64

/** An entry's row, with the derived rows that its seals vouch for. */
export type WrittenEntry = {
  readonly row: JournalRow
  readonly snapshots: readonly SnapshotRow[]
}

type Batch = {
  readonly rows: JournalRow[]
  readonly snapshots: SnapshotRow[]
  readonly durable: PromiseWithResolvers<void>
}

const emptyBatch = (): Batch => {
  const durable = Promise.withResolvers<void>()
  // Whoever waits sees the rejection; a batch that nobody waits for must not end the process.
  durable.promise.catch(() => undefined)
  return { rows: [], snapshots: [], durable }
}

/**
 * One commit for all who came while the one before was on its way to the disk. Batches commit in journal
 * order. After a failure nothing is accepted until `restart` says which position the file really has.
 *
 *   open batch ──(writer is free)──> flying batch ──> durable
 *                                                └──> failed: open and flying batch reject together
 */
export class GroupCommit {
  #writer: JournalWriter
  readonly #clock: Clock
  readonly #onDurable: (rows: readonly JournalRow[], durablePosition: number) => void
  readonly #onFailure: (lost: readonly JournalRow[], cause: unknown) => void
  #open = emptyBatch()
  #flying: Batch | undefined
  /** Settles when the writer has let go of the last batch, however that ended. */
  #writerIdle: Promise<unknown> = Promise.resolve()
  #isScheduled = false
  #failedSinceMs: number | null = null
  #durablePosition: number
  #lastPosition: number

  constructor(options: {
    readonly writer: JournalWriter
    readonly clock: Clock
    readonly position: number
    readonly onDurable: (rows: readonly JournalRow[], durablePosition: number) => void
    readonly onFailure: (lost: readonly JournalRow[], cause: unknown) => void
  }) {
    this.#writer = options.writer
    this.#clock = options.clock
    this.#durablePosition = options.position
    this.#lastPosition = options.position
    this.#onDurable = options.onDurable
    this.#onFailure = options.onFailure
  }

  get isFailed(): boolean {
    return this.#failedSinceMs !== null
  }

  /** Since when nothing is accepted; null while it is. */
  get failedSinceMs(): number | null {
    return this.#failedSinceMs
  }

  get durablePosition(): number {
    return this.#durablePosition
  }

  /** The position of the last entry that was handed in. */
  get lastPosition(): number {
    return this.#lastPosition
  }

  get isFull(): boolean {
    return this.#lastPosition - this.#durablePosition >= pendingRowsMax
  }

  /** Takes what one change wrote; it becomes durable in one transaction. */
  append(written: readonly WrittenEntry[]): void {
    if (this.isFailed) throw unavailable(undefined)
    for (const { row, snapshots } of written) {
      this.#open.rows.push(row)
      for (const snapshot of snapshots) this.#open.snapshots.push(snapshot)
      this.#lastPosition = row.position
    }
    if (this.#open.rows.length < rowsWorthACommit) this.#schedule()
    else this.#flush()
  }

  /** Resolves when the entry at this position is durable; rejects when that is not known. */
  whenDurable(position: number): Promise<void> {
    if (position <= this.#durablePosition) return Promise.resolve()
    if (this.isFailed) return Promise.reject(unavailable(undefined))
    const last = this.#flying?.rows.at(-1)
    if (last !== undefined && position <= last.position && this.#flying !== undefined) {
      return this.#flying.durable.promise
    }
    return this.#open.durable.promise
  }

  /** Resolves when nothing is on its way to the disk. */
  async whenIdle(): Promise<void> {
    await this.#writerIdle.catch(() => undefined)
  }

  /** Begins anew behind the last entry that the file holds. */
  restart(writer: JournalWriter, position: number): void {
    this.#writer = writer
    this.#failedSinceMs = null
    this.#durablePosition = position
    this.#lastPosition = position
  }

  /** Everything that happens in one turn of the event loop goes into one batch. */
  #schedule(): void {
    if (this.#isScheduled || this.#flying !== undefined) return
    this.#isScheduled = true
    onNextTurn(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.isFailed || this.#flying !== undefined || this.#open.rows.length === 0) return
    const batch = this.#open
    this.#flying = batch
    this.#open = emptyBatch()
    const { rows, snapshots } = batch
    const cancel = this.#clock.after(commitTimeoutMs, () =>
      this.#fail(batch, new Error(`The journal did not commit within ${commitTimeoutMs} ms`)),
    )
    const commit = this.#writer.commit({ rows, snapshots })
    this.#writerIdle = commit
    commit.then(
      () => {
        cancel()
        this.#finish(batch)
      },
      (cause: unknown) => {
        cancel()
        this.#fail(batch, cause)
      },
    )
  }

  #finish(batch: Batch): void {
    if (this.#flying !== batch) return
    this.#flying = undefined
    this.#durablePosition = batch.rows.at(-1)?.position ?? this.#durablePosition
    batch.durable.resolve()
    this.#onDurable(batch.rows, this.#durablePosition)
    if (this.#open.rows.length > 0) this.#schedule()
  }

  #fail(batch: Batch, cause: unknown): void {
    if (this.#flying !== batch) return
    const waiting = this.#open
    this.#failedSinceMs ??= this.#clock.wallMs()
    this.#flying = undefined
    this.#open = emptyBatch()
    batch.durable.reject(unavailable(cause))
    waiting.durable.reject(unavailable(cause))
    this.#onFailure([...batch.rows, ...waiting.rows], cause)
  }
}

export function unavailable(cause: unknown): StorageUnavailableError {
  return new StorageUnavailableError(
    'Limits cannot be checked right now, because the journal cannot be written. Try again shortly.',
    { cause },
  )
}
