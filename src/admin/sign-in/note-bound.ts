import type { Clock } from '../../system/clock.ts'

const hourMs = 3_600_000

/** So many in an hour; anybody can cause them, and they are kept for ever. */
export class NoteBound {
  readonly #clock: Pick<Clock, 'elapsedMs'>
  readonly #perHour: number
  #sinceMs = -Infinity
  #count = 0

  constructor(clock: Pick<Clock, 'elapsedMs'>, perHour: number) {
    this.#clock = clock
    this.#perHour = perHour
  }

  take(): boolean {
    const nowMs = this.#clock.elapsedMs()
    if (nowMs - this.#sinceMs >= hourMs) {
      this.#sinceMs = nowMs
      this.#count = 0
    }
    this.#count += 1
    return this.#count <= this.#perHour
  }
}
