import type { Clock } from '../../system/clock.ts'

/**
 * Notices when nothing was heard for too long. It has one timer, however often something is heard: when that
 * rings early, it is set anew for what is left. A process that slept, with its machine or at its work, has not
 * listened: what was said meanwhile still waits to be read, so the silence begins anew.
 */
export class Silence {
  readonly #clock: Clock
  readonly #onTooLong: (maxMs: number) => void
  #maxMs = 0
  #heardMs = 0
  #isPaused = false
  #cancel: (() => void) | null = null

  constructor(clock: Clock, onTooLong: (maxMs: number) => void) {
    this.#clock = clock
    this.#onTooLong = onTooLong
  }

  /** From now on, this much silence is too much. */
  allow(maxMs: number): void {
    this.stop()
    this.#maxMs = maxMs
    this.#heardMs = this.#clock.elapsedMs()
    this.#wait(maxMs)
  }

  heard(): void {
    this.#heardMs = this.#clock.elapsedMs()
  }

  /** Whoever does not listen hears nothing, and that is nobody else's silence. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.heard()
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #wait(forMs: number): void {
    const dueMs = this.#clock.elapsedMs() + forMs
    this.#cancel = this.#clock.after(forMs, () => {
      this.#cancel = null
      const nowMs = this.#clock.elapsedMs()
      if (this.#isPaused || nowMs - dueMs > asleepMinMs) this.#heardMs = nowMs
      const quietMs = nowMs - this.#heardMs
      // A timer may ring a little before its time.
      if (quietMs < this.#maxMs - earlyMs) this.#wait(this.#maxMs - quietMs)
      else this.#onTooLong(this.#maxMs)
    })
  }
}

const earlyMs = 1
/** A timer that rings so late rings after a sleep. */
const asleepMinMs = 1000
