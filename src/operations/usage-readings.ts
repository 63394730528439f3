import type { Entry } from '../core/entry.ts'
import type { CustomerId, MemberId } from '../core/ids.ts'
import type { Storage } from '../storage/storage.ts'
import type { Clock } from '../system/clock.ts'
import { nextTurn } from '../system/next-turn.ts'
import { SlowLane } from '../system/slow-lane.ts'
import { latestBefore, readCorrections } from './clock-corrections.ts'
import { UsageCells } from './usage-cells.ts'

/** Whose usage: a whole customer's, or one member's. */
export type UsageScope = { readonly customerId: CustomerId; readonly memberId?: MemberId }

/** The usage of a scope as far as it was read. */
export type UsageReading = {
  readonly cells: Pick<UsageCells, 'within'>
  /** Everything up to this position is counted. */
  readonly position: number
  /** Cells from this moment on are whole; -Infinity when the whole journal was read. */
  readonly wholeSinceMs: number
  /** The reading reaches back as far as it was asked to. */
  readonly isComplete: boolean
}

export type UsageQuery = UsageScope & {
  /** How far back cells have to be whole. */
  readonly sinceMs: number
  /** How long the answer may wait for entries that were never read; then it says how far it came. */
  readonly waitMs: number
}

/** Scopes that are kept, and all their cells together; what was looked at longest ago goes first. */
const scopesMax = 500
const cellsMax = 200_000
/** The most that one question to the storage answers; the storage itself lets others run in between. */
const entriesPerRead = 1000
/** Entries counted before others get a turn: less than a millisecond. */
const entriesPerTurn = 100
/** So many scopes are read at once; the others wait their turn. */
const readersMax = 2
/** The part of the server's time that reading back may take: the gate goes first, and a page draws what there is. */
const readBackShare = 0.4

type Kept = {
  readonly scope: UsageScope
  readonly cells: UsageCells
  /** Counted: from `oldestPosition` to `position`. */
  position: number
  oldestPosition: number
  wholeSinceMs: number
  /** How far back somebody asks for. */
  wantedMs: number
  reading: Promise<void> | null
}

/**
 * Usage by quarter of an hour, folded from the journal and kept in memory: the newest entries first, then as far
 * back as somebody asked for, and forward with every later question. It is a derivation that no decision reads.
 */
export class UsageReadings {
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #lane: SlowLane
  readonly #kept = new Map<string, Kept>()
  readonly #waiting: (() => void)[] = []
  #readerCount = 0

  constructor({ storage, clock }: { readonly storage: Storage; readonly clock: Clock }) {
    this.#storage = storage
    this.#clock = clock
    this.#lane = new SlowLane(clock, readBackShare)
  }

  async read(query: UsageQuery): Promise<UsageReading> {
    const kept = this.#find(query)
    kept.wantedMs = Math.min(kept.wantedMs, query.sinceMs)
    for (;;) {
      // A reading that runs may have begun before the newest entry; a second one is short.
      const target = this.#storage.durablePosition
      kept.reading ??= this.#run(kept)
      const isDone = await this.#within(kept.reading, query.waitMs)
      const isWhole = kept.wholeSinceMs <= query.sinceMs
      if (!isDone || (isWhole && kept.position >= target)) {
        const { cells, position, wholeSinceMs } = kept
        return { cells, position, wholeSinceMs, isComplete: isWhole }
      }
    }
  }

  #find({ customerId, memberId }: UsageScope): Kept {
    const key = `${customerId} ${memberId ?? ''}`
    const known = this.#kept.get(key)
    const kept = known ?? {
      scope: memberId === undefined ? { customerId } : { customerId, memberId },
      cells: new UsageCells(),
      position: this.#storage.durablePosition,
      oldestPosition: this.#storage.durablePosition + 1,
      wholeSinceMs: Infinity,
      wantedMs: Infinity,
      reading: null,
    }
    // The map keeps the order in which they were put: the first was used longest ago.
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    this.#forgetSome()
    return kept
  }

  #forgetSome(): void {
    let cells = 0
    for (const kept of this.#kept.values()) cells += kept.cells.size
    for (const [key, kept] of this.#kept) {
      const isOver = this.#kept.size > scopesMax || cells > cellsMax
      if (!isOver || this.#kept.size === 1) return
      if (kept.reading !== null) continue
      cells -= kept.cells.size
      this.#kept.delete(key)
    }
  }

  /** Whether the reading ended in time; its failure is the caller's to tell. */
  async #within(reading: Promise<void>, waitMs: number): Promise<boolean> {
    let cancel = (): void => undefined
    const late = new Promise<boolean>((resolve) => {
      cancel = this.#clock.after(waitMs, () => resolve(false))
    })
    try {
      return await Promise.race([reading.then(() => true), late])
    } finally {
      cancel()
    }
  }

  async #run(kept: Kept): Promise<void> {
    try {
      if (this.#readerCount >= readersMax)
        await new Promise<void>((resolve) => void this.#waiting.push(resolve))
      this.#readerCount += 1
      try {
        await this.#readForward(kept)
        await this.#readBack(kept)
      } finally {
        this.#readerCount -= 1
        this.#waiting.shift()?.()
      }
    } finally {
      kept.reading = null
    }
  }

  async #readForward(kept: Kept): Promise<void> {
    const last = this.#storage.durablePosition
    while (kept.position < last) {
      const entries = await this.#page(kept.scope, {
        afterPosition: kept.position,
        beforePosition: last + 1,
      })
      await count(kept.cells, entries)
      kept.position = entries.length < entriesPerRead ? last : (entries.at(-1)?.position ?? last)
    }
  }

  async #readBack(kept: Kept): Promise<void> {
    const corrections = await readCorrections(this.#storage)
    while (kept.wholeSinceMs > kept.wantedMs)
      await this.#lane.piece(() => this.#readPageBack(kept, corrections))
  }

  async #readPageBack(kept: Kept, corrections: readonly Entry[]): Promise<void> {
    const entries = await this.#page(kept.scope, {
      beforePosition: kept.oldestPosition,
      isNewestFirst: true,
    })
    await count(kept.cells, entries)
    const oldest = entries.at(-1)
    const isAll = oldest === undefined || entries.length < entriesPerRead
    kept.oldestPosition = isAll ? 0 : oldest.position
    // The moment of the oldest entry may have others before it.
    kept.wholeSinceMs = isAll ? -Infinity : latestBefore(oldest, corrections) + 1
  }

  async #page(
    { customerId, memberId }: UsageScope,
    range: Pick<
      Parameters<Storage['entries']>[0],
      'afterPosition' | 'beforePosition' | 'isNewestFirst'
    >,
  ): Promise<readonly Entry[]> {
    const owner = memberId === undefined ? { customerId } : { customerId, memberId }
    return this.#storage.entries({
      ...owner,
      ...range,
      kind: 'settled',
      rowsMax: entriesPerRead,
    })
  }
}

/** What was counted counts for good, so nothing may fail between a page and its position. */
async function count(cells: UsageCells, entries: readonly Entry[]): Promise<void> {
  for (let from = 0; from < entries.length; from += entriesPerTurn) {
    for (const entry of entries.slice(from, from + entriesPerTurn)) cells.add(entry)
    await nextTurn()
  }
}
