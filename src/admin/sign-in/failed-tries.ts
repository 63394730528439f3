import type { Clock } from '../../system/clock.ts'

/**
 * Failed tries at passwords, counted for each e-mail and each address. After so many, further ones are refused for a
 * while, right or wrong, and whether or not there is such an account; sessions that exist go on. Kept in memory: a
 * start forgives.
 *
 * A try counts before its password is looked at, so that many at once are no way around the bound.
 */
const windowMs = 15 * 60_000
const perEmailMax = 10
/** Several people may sit behind one address. */
const perAddressMax = 50
/** Names that are remembered; those that were tried longest ago are forgotten first. */
const namesMax = 20_000

type Tries = { count: number; firstMs: number; lastMs: number }

export type Try = { readonly email: string; readonly address: string }

export class FailedTries {
  readonly #clock: Pick<Clock, 'elapsedMs'>
  readonly #tries = new Map<string, Tries>()

  constructor(clock: Pick<Clock, 'elapsedMs'>) {
    this.#clock = clock
  }

  /** Counts one try; answers with how long to wait where there were too many, and counts nothing then. */
  begin(tried: Try): { readonly waitMs: number } | undefined {
    const nowMs = this.#clock.elapsedMs()
    const waits = namesOf(tried).map(([name, max]) => this.#waitMs(name, max, nowMs))
    const waitMs = Math.max(...waits)
    if (waitMs > 0) return { waitMs }
    for (const [name] of namesOf(tried)) this.#count(name, nowMs)
    return undefined
  }

  /** It was right: nothing is held against that e-mail any more, and its try does not count for the address. */
  succeed(tried: Try): void {
    this.forget(tried.email)
    const address = this.#tries.get(`address ${tried.address}`)
    if (address !== undefined) address.count -= 1
  }

  /** Nothing was found out about the password, so nothing is held against anybody. */
  takeBack(tried: Try): void {
    for (const [name] of namesOf(tried)) {
      const tries = this.#tries.get(name)
      if (tries !== undefined) tries.count -= 1
    }
  }

  /** Somebody proved by other means whose e-mail it is. */
  forget(email: string): void {
    this.#tries.delete(`email ${email}`)
  }

  #waitMs(name: string, max: number, nowMs: number): number {
    const tries = this.#tries.get(name)
    if (tries === undefined) return 0
    const isOver = nowMs - (tries.count >= max ? tries.lastMs : tries.firstMs) >= windowMs
    if (isOver) this.#tries.delete(name)
    return isOver || tries.count < max ? 0 : tries.lastMs + windowMs - nowMs
  }

  #count(name: string, nowMs: number): void {
    const tries = this.#tries.get(name) ?? { count: 0, firstMs: nowMs, lastMs: nowMs }
    tries.count += 1
    tries.lastMs = nowMs
    // Last tried comes last.
    this.#tries.delete(name)
    this.#tries.set(name, tries)
    if (this.#tries.size <= namesMax) return
    for (const oldest of this.#tries.keys()) {
      this.#tries.delete(oldest)
      return
    }
  }
}

const namesOf = ({ email, address }: Try): readonly (readonly [string, number])[] => [
  [`email ${email}`, perEmailMax],
  [`address ${address}`, perAddressMax],
]
