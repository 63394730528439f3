import type { Clock } from '../../../src/system/clock.ts'
import type { EventKind, Timeline } from './timeline.ts'

/** Timers this short and regular are the storage's own rounds (sweep, audit, log). */
const roundsMs: ReadonlySet<number> = new Set([200, 1000])

type Late = {
  readonly what: { readonly kind: EventKind; readonly name: string }
  readonly run: () => void
  isCancelled: boolean
}

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
  #stalledUntilMs = 0
  /** What has come while it stood still. */
  readonly #late: Late[] = []
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
    const late: Late = { what, run, isCancelled: false }
    const cancel = this.#timeline.after(delayMs, what, () => {
      if (this.#isStalled || this.#late.length > 0) this.#putOff(late)
      else if (!this.isDead) run()
    })
    return () => {
      cancel()
      late.isCancelled = true
    }
  }

  /** Stands still for so long: what happens meanwhile reaches it afterwards, all at once. */
  stall(ms: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#timeline.nowMs + ms)
  }

  get #isStalled(): boolean {
    return this.#timeline.nowMs < this.#stalledUntilMs
  }

  #putOff(late: Late): void {
    if (this.#late.push(late) === 1) this.#wake()
  }

  /** What was put off happens in its order, one event after another. */
  #wake(): void {
    const [first] = this.#late
    if (first === undefined || this.isDead) return
    const inMs = Math.max(0, this.#stalledUntilMs - this.#timeline.nowMs)
    this.#timeline.after(inMs, first.what, () => {
      if (this.#isStalled) return this.#wake()
      this.#late.shift()
      if (!this.isDead && !first.isCancelled) first.run()
      this.#wake()
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
