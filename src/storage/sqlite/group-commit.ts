import type { EntryKind } from '../../core/entry.ts'
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
  /** Somebody's answer rests on it; one that holds ends of holds only is waited for by nobody. */
  isAwaited: boolean
}

/** A reply has left before its hold ends, so nobody waits for these. */
const unhurriedKinds: ReadonlySet<string> = new Set<EntryKind>(['settled', 'voided'])

const emptyBatch = (): Batch => {
  const durable = Promise.withResolvers<void>()
  // Whoever waits sees the rejection; a batch that nobody waits for must not end the process.
  durable.promise.catch(() => undefined)
  return { rows: [], snapshots: [], durable, isAwaited: false }
}

/**
 * One commit for all who came while the one before was on its way to the disk. Batches commit in journal
 * order. After a failure nothing is accepted until `restart` says which position the file really has.
 *
 *   open batch ──(writer is free)──> flying batch ──> durable
 *                                                └──> failed: open and flying batch reject together
 *
 * A batch of ends of holds alone waits a little for company: a hold that comes just behind would otherwise wait for
 * their commit and then for its own.
 */
export class GroupCommit {
  #writer: JournalWriter
  readonly #clock: Clock
  readonly #lingerMs: number
  readonly #onDurable: (rows: readonly JournalRow[], durablePosition: number) => void
  readonly #onFailure: (lost: readonly JournalRow[], cause: unknown) => void
  #open = emptyBatch()
  #flying: Batch | undefined
  /** Settles when the writer has let go of the last batch, however that ended. */
  #writerIdle: Promise<unknown> = Promise.resolve()
  #isScheduled = false
  #cancelLinger: (() => void) | null = null
  #failedSinceMs: number | null = null
  #durablePosition: number
  #lastPosition: number

  constructor(options: {
    readonly writer: JournalWriter
    readonly clock: Clock
    /** How long a batch that nobody waits for may wait for one that somebody does. */
    readonly lingerMs: number
    readonly position: number
    readonly onDurable: (rows: readonly JournalRow[], durablePosition: number) => void
    readonly onFailure: (lost: readonly JournalRow[], cause: unknown) => void
  }) {
    this.#writer = options.writer
    this.#clock = options.clock
    this.#lingerMs = options.lingerMs
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
      this.#open.isAwaited ||= !unhurriedKinds.has(row.kind)
    }
    if (this.#open.rows.length < rowsWorthACommit) this.#arrange()
    else this.#flush()
  }

  /** Resolves when the entry at this position is durable; rejects when that is not known. */
  whenDurable(position: number): Promise<void> {
    const batch = this.#batchOf(position)
    if (batch === this.#open && !batch.isAwaited && !this.isFailed) this.#hurry()
    return this.#durable(batch)
  }

  /** The same for whoever wrote it just now, and is in no hurry where its entries are in none. */
  whenWritten(position: number): Promise<void> {
    return this.#durable(this.#batchOf(position))
  }

  #durable(batch: Batch | null): Promise<void> {
    if (batch === null) return Promise.resolve()
    return this.isFailed ? Promise.reject(unavailable(undefined)) : batch.durable.promise
  }

  /** Null when it is durable. */
  #batchOf(position: number): Batch | null {
    if (position <= this.#durablePosition) return null
    const lastFlying = this.#flying?.rows.at(-1)?.position ?? 0
    return this.#flying !== undefined && position <= lastFlying ? this.#flying : this.#open
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

  /** When the open batch leaves: with this turn where somebody waits for it, else when it has waited. */
  #arrange(): void {
    if (this.#flying !== undefined || this.#open.rows.length === 0) return
    if (this.#open.isAwaited || this.#lingerMs === 0) return this.#schedule()
    this.#cancelLinger ??= this.#clock.after(this.#lingerMs, () => this.#hurry())
  }

  #hurry(): void {
    this.#open.isAwaited = true
    this.#arrange()
  }

  #stopLingering(): void {
    this.#cancelLinger?.()
    this.#cancelLinger = null
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
    this.#stopLingering()
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
    this.#arrange()
  }

  #fail(batch: Batch, cause: unknown): void {
    if (this.#flying !== batch) return
    this.#stopLingering()
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
