import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { LogCopier, LogSize, LogWork } from './log-copier.ts'

/** SQLite's pages, and the header of each in the log. */
const bytesPerPage = 4096 + 24
/** So many pages that the journal file does not have yet are worth copying. */
const pagesWorthCopying = 1000
/** A log that is longer begins anew, for which the next commit waits until the few newest pages are copied. */
const pagesWorthRestarting = 4096
const newestPagesMax = 256
/** A log file that is not longer keeps its place on the disk: a commit that lengthens a file takes longer. */
const pagesWorthKeeping = 8192
/** Copying this often in a row is enough: whoever writes faster than the disk copies has to wait once. */
const copiesAtOnce = 4
/** Nothing was written for so long: the log is copied whole, and its file emptied. */
export const quietMs = 2000

/** What the log is kept below while nobody reads an old state for long (about 256 MiB). */
export const logBytesMax = 16 * pagesWorthRestarting * bytesPerPage

export type LogFacts = {
  /** Written and not begun anew since: what a start has to read again. */
  readonly logBytes: number
  readonly lastCopiedAtMs: number | null
  /** Since when the log is longer than `logBytesMax`; null while it is not. */
  readonly tooLongSinceMs: number | null
  /** Erased data may still stand in the log: somebody who reads an old state keeps it from being emptied. */
  readonly isErasureOpen: boolean
}

/**
 * Keeps the write-ahead log short without a commit waiting for it. No commit checkpoints by itself; the copier
 * copies beside it, and the writer is asked between two commits only for what is quick: to let the log begin
 * anew once almost all of it is copied, or to empty it when nothing is going on.
 */
export class LogKeeper {
  readonly #copier: LogCopier
  readonly #askWriter: (work: LogWork) => Promise<LogSize>
  readonly #clock: Clock
  readonly #log: Logger
  #isDirty = true
  #lastWriteMs = 0
  #size: LogSize = { pages: 0, copiedPages: 0, isBlocked: false }
  #lastCopiedAtMs: number | null = null
  #tooLongSinceMs: number | null = null
  #erasures = 0
  /** A crash may have come between an erasure and the emptying of the log. */
  #isFirstLook = true
  #running: Promise<void> = Promise.resolve()

  constructor(options: {
    readonly copier: LogCopier
    readonly askWriter: (work: LogWork) => Promise<LogSize>
    readonly clock: Clock
    readonly log: Logger
  }) {
    this.#copier = options.copier
    this.#askWriter = options.askWriter
    this.#clock = options.clock
    this.#log = options.log
    this.#lastWriteMs = options.clock.elapsedMs()
  }

  get facts(): LogFacts {
    return {
      logBytes: this.#size.pages * bytesPerPage,
      lastCopiedAtMs: this.#lastCopiedAtMs,
      tooLongSinceMs: this.#tooLongSinceMs,
      isErasureOpen: this.#erasures > 0,
    }
  }

  noteWrite(): void {
    this.#isDirty = true
    this.#lastWriteMs = this.#clock.elapsedMs()
  }

  /** Called again and again; an idle journal costs nothing. */
  tend(): Promise<void> {
    return this.#inTurn(() => this.#tend())
  }

  /**
   * Empties the log now. False when somebody keeps it from being emptied, or the disk fails over it: what is to be
   * erased is erased by then, and `tend` tries again until the log has it no more.
   */
  async empty(): Promise<boolean> {
    this.#isDirty = true
    this.#erasures += 1
    try {
      await this.#inTurn(() => this.#truncate())
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      this.#log.warn('an erasure is not complete: the log could not be emptied yet', { cause })
    }
    return this.#erasures === 0
  }

  async close(): Promise<void> {
    await this.#running
    await this.#copier.close()
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#running.then(work)
    this.#running = turn.catch(() => undefined)
    return turn
  }

  async #tend(): Promise<void> {
    if (!this.#isDirty) return
    const isQuiet = this.#clock.elapsedMs() - this.#lastWriteMs >= quietMs
    if (this.#erasures > 0 || this.#isFirstLook) {
      await this.#copy()
      await this.#truncate()
    } else if (isQuiet) {
      await this.#copy()
      if (this.#size.pages > pagesWorthKeeping) await this.#truncate()
      else this.#isDirty = this.#newestPages() > 0
    } else {
      this.#size = await this.#copier.work('size')
      if (this.#newestPages() >= pagesWorthCopying) await this.#copy()
      if (this.#size.pages >= pagesWorthRestarting) await this.#restart()
    }
    this.#watchLength()
  }

  async #copy(): Promise<void> {
    this.#size = await this.#copier.work('copy')
    this.#lastCopiedAtMs = this.#clock.wallMs()
  }

  async #restart(): Promise<void> {
    for (
      let copies = 0;
      copies < copiesAtOnce && this.#newestPages() > newestPagesMax;
      copies += 1
    ) {
      await this.#copy()
    }
    this.#size = await this.#askWriter('restart')
  }

  async #truncate(): Promise<void> {
    const erasures = this.#erasures
    const writtenMs = this.#lastWriteMs
    this.#size = await this.#askWriter('truncate')
    if (this.#size.isBlocked) return
    this.#isFirstLook = false
    this.#erasures -= erasures
    this.#isDirty = this.#lastWriteMs !== writtenMs
  }

  #newestPages(): number {
    return this.#size.pages - this.#size.copiedPages
  }

  #watchLength(): void {
    const isTooLong = this.#size.pages * bytesPerPage > logBytesMax
    if (isTooLong === (this.#tooLongSinceMs !== null)) return
    this.#tooLongSinceMs = isTooLong ? this.#clock.wallMs() : null
    const fields = { logBytes: this.#size.pages * bytesPerPage, logBytesMax }
    if (isTooLong)
      this.#log.error('the log of the journal is too long: something reads for long', fields)
    else this.#log.info('the log of the journal is short again', fields)
  }
}
