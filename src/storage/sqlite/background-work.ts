import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'

/** What a storage does again and again while it is open. */
export class BackgroundWork {
  readonly #clock: Clock
  readonly #log: Logger
  readonly #cancels = new Map<string, () => void>()
  #isStopped = false

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock
    this.#log = log
  }

  /** Runs the work again and again, each time so long after it was done. */
  repeat(name: string, everyMs: number, work: () => Promise<void>): void {
    const next = (): void => {
      if (this.#isStopped) return
      this.#cancels.set(
        name,
        this.#clock.after(everyMs, () => {
          work()
            .catch((error: unknown) => {
              if (this.#isStopped) return
              const cause = error instanceof Error ? error.message : String(error)
              const message = 'background work of the journal failed and is tried again'
              this.#log.warn(message, { name, cause })
            })
            .finally(next)
        }),
      )
    }
    next()
  }

  stop(): void {
    this.#isStopped = true
    for (const cancel of this.#cancels.values()) cancel()
  }
}
