import type { Clock } from '../../system/clock.ts'

/**
 * How many requests may be at the upstream at once. Whoever comes when all places are taken waits in line
 * for a short while, first come first served; the line has an end too.
 */
export class Places {
  readonly #clock: Clock
  readonly #max: number
  readonly #line = new Set<Waiter>()
  #taken = 0

  constructor(clock: Clock, max: number) {
    this.#clock = clock
    this.#max = max
  }

  get counts(): { readonly running: number; readonly waiting: number; readonly max: number } {
    return { running: this.#taken, waiting: this.#line.size, max: this.#max }
  }

  /** `onPlace` is called with the place taken, at once or later; else `onNone`. The answer leaves the line. */
  take(onPlace: () => void, onNone: () => void): () => void {
    if (this.#taken < this.#max) {
      this.#taken += 1
      onPlace()
      return () => {}
    }
    if (this.#line.size >= this.#max) {
      onNone()
      return () => {}
    }
    const waiter: Waiter = { onPlace, cancel: () => {} }
    waiter.cancel = this.#clock.after(waitMaxMs, () => {
      this.#line.delete(waiter)
      onNone()
    })
    this.#line.add(waiter)
    return () => {
      waiter.cancel()
      this.#line.delete(waiter)
    }
  }

  giveBack(): void {
    for (const waiter of this.#line) {
      waiter.cancel()
      this.#line.delete(waiter)
      return waiter.onPlace()
    }
    this.#taken -= 1
  }
}

type Waiter = { readonly onPlace: () => void; cancel: () => void }

/** Long enough for a short answer to end, short enough for a client to repeat by itself. */
const waitMaxMs = 5000
