import { AdminFailure } from '../failures.ts'

/** Work that only so many may do at once; the others wait in line, and a line that is too long turns away. */
export class Turns {
  readonly #atOnce: number
  readonly #waitingMax: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(atOnce: number, waitingMax: number) {
    this.#atOnce = atOnce
    this.#waitingMax = waitingMax
  }

  async run<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#running < this.#atOnce) this.#running += 1
    else await this.#wait()
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#waitingMax) {
      throw new AdminFailure('too_many_tries', 'Too many people are signing in at this moment.')
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
