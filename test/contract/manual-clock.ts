import type { Clock } from '../../src/system/clock.ts'

type Timer = { readonly atMs: number; readonly callback: () => void }

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #wallMs: number
  #elapsedMs = 0
  readonly #timers = new Set<Timer>()

  constructor(wallMs = Date.UTC(2026, 10, 22, 12)) {
    this.#wallMs = wallMs
  }

  wallMs(): number {
    return this.#wallMs
  }

  elapsedMs(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Time passes on both clocks; timers that are due call back in order. */
  pass(ms: number): void {
    this.#wallMs += ms
    this.#elapsedMs += ms
    const due = [...this.#timers].filter((timer) => timer.atMs <= this.#elapsedMs)
    for (const timer of due.toSorted((left, right) => left.atMs - right.atMs)) {
      if (this.#timers.delete(timer)) timer.callback()
    }
  }

  /** The wall clock is set, and no time passes. */
  stepWall(ms: number): void {
    this.#wallMs += ms
  }
}
