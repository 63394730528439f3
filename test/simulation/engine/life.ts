import type { Clock } from '../../../src/system/clock.ts'
import type { EventKind, Timeline } from './timeline.ts'

/** Timers this short and regular are the storage's own rounds (sweep, audit, log). */
const roundsMs: ReadonlySet<number> = new Set([200, 1000])

/**
 * One process of the server, from its start to its death. Whatever still runs of a dead one (promises that nobody
 * can stop) finds a clock that does not ring, a network that carries nothing and a disk that refuses.
 */
export class Life {
  readonly number: number
  readonly #timeline: Timeline
  readonly #bornMs: number
  readonly #wallMs: () => number
  isDead = false
  /** It dies before this one of its writes to a socket, counted from 0. */
  #lastWrites = Infinity
  /** Told once, when it dies. */
  readonly onDeath = new Set<() => void>()

  constructor(number: number, timeline: Timeline, wallMs: () => number) {
    this.number = number
    this.#timeline = timeline
    this.#bornMs = timeline.nowMs
    this.#wallMs = wallMs
  }

  readonly clock: Clock = {
    wallMs: () => this.#wallMs(),
    elapsedMs: () => this.#timeline.nowMs - this.#bornMs,
    after: (delayMs, callback) => {
      const kind = roundsMs.has(delayMs) ? 'housekeeping' : 'timer'
      return this.after(delayMs, { kind, name: 'clock' }, callback)
    },
  }

  /** Happens unless this process is dead by then. */
  after(delayMs: number, what: { kind: EventKind; name: string }, run: () => void): () => void {
    if (this.isDead) return () => {}
    return this.#timeline.after(delayMs, what, () => {
      if (!this.isDead) run()
    })
  }

  /** So many more times it writes to a socket, whoever is at the other end. */
  dieAfterWrites(count: number): void {
    this.#lastWrites = count
  }

  beforeWrite(): void {
    if (this.#lastWrites === 0) this.die()
    this.#lastWrites -= 1
  }

  die(): void {
    if (this.isDead) return
    this.isDead = true
    for (const tell of this.onDeath) tell()
  }
}
