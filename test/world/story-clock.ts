import type { Clock } from '../../src/system/clock.ts'

/**
 * Real time that starts in the past and can be moved forwards: yesterday's work is done yesterday, and the
 * night passes at once. Wall time and elapsed time move together, as on a machine that simply waited.
 */
export class StoryClock implements Clock {
  readonly #startsBeforeNowMs: number
  #advancedMs = 0

  constructor(startsBeforeNowMs: number) {
    this.#startsBeforeNowMs = startsBeforeNowMs
  }

  advance(byMs: number): void {
    this.#advancedMs += byMs
  }

  wallMs(): number {
    return Date.now() - this.#startsBeforeNowMs + this.#advancedMs
  }

  elapsedMs(): number {
    return performance.now() + this.#advancedMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  }
}
