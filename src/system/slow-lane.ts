import type { Clock } from './clock.ts'
import { nextTurn } from './next-turn.ts'
import { OneAtATime } from './one-at-a-time.ts'

/** No piece is so long; where more time passed, the machine slept. */
const restMaxMs = 200

/**
 * Where long work goes piece by piece, beside work that somebody waits for: one piece at a time, however many want
 * to, and after each a rest in proportion, so that all of it together takes at most this part of the thread's time.
 */
export class SlowLane {
  readonly #clock: Clock
  readonly #share: number
  readonly #pieces = new OneAtATime()

  constructor(clock: Clock, share: number) {
    this.#clock = clock
    this.#share = share
  }

  piece<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    return this.#pieces.run('', async () => {
      const beganMs = this.#clock.elapsedMs()
      try {
        return await work()
      } finally {
        await this.#rest((this.#clock.elapsedMs() - beganMs) * (1 / this.#share - 1))
      }
    })
  }

  /** Where no time passed that could be measured, others get a turn all the same. */
  #rest(restMs: number): Promise<void> {
    if (restMs <= 0) return nextTurn()
    const boundMs = Math.min(Math.max(1, restMs), restMaxMs)
    return new Promise((resolve) => void this.#clock.after(boundMs, resolve))
  }
}
