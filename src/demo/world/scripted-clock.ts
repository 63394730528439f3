import type { Clock } from '../../system/clock.ts'

/** Time that passes only as the script says. What waits for a time is never called: nothing waits in a script. */
export class ScriptedClock implements Clock {
  readonly #startMs: number
  #nowMs: number

  constructor(startMs: number) {
    this.#startMs = startMs
    this.#nowMs = startMs
  }

  /** Goes on to a moment; one that has been stays passed. */
  goTo(momentMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, momentMs)
  }

  wallMs(): number {
    return this.#nowMs
  }

  elapsedMs(): number {
    return this.#nowMs - this.#startMs
  }

  after(): () => void {
    return () => undefined
  }
}
