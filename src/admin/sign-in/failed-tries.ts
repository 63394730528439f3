import type { Clock } from '../../system/clock.ts'

/**
 * Failed tries at passwords, counted for each e-mail from one address, each address, and each e-mail wherever tries come
 * from. After so many, further ones are refused for a while, right or wrong, and whether or not there is such an
 * account; sessions that exist go on. Whoever hammers at somebody's e-mail from one place keeps that person out nowhere
 * else. Kept in memory: a start forgives.
 *
 * A try counts before its password is looked at, so that many at once are no way around the bound.
 */
const windowMs = 15 * 60_000
const perPlaceMax = 10
const perEmailMax = 100
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

  /** It was right: nothing is held against that e-mail here any more, and its try does not count for the address. */
  succeed(tried: Try): void {
    this.#tries.delete(`email ${tried.email}`)
    this.#tries.delete(placeOf(tried))
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
    const places = placeOf({ email, address: '' })
    for (const name of this.#tries.keys()) if (name.startsWith(places)) this.#tries.delete(name)
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

/** No e-mail has a space in it. */
const placeOf = ({ email, address }: Try): string => `place ${email} ${address}`

const namesOf = (tried: Try): readonly (readonly [string, number])[] => [
  [placeOf(tried), perPlaceMax],
  [`address ${tried.address}`, perAddressMax],
  [`email ${tried.email}`, perEmailMax],
]
