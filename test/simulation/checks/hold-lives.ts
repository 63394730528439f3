import type { Timeline } from '../engine/timeline.ts'
import type { Outage } from '../faults/outage.ts'

/** How a hold came and went, by the time that passes and not by what its entries say. */
type HoldLife = {
  readonly bootId: string
  readonly lifeMs: number
  /** The latest moment at which its entry can have been written. */
  readonly beganMs: number
  /** Its entry was written so much earlier at most. */
  readonly seenLateMs: number
  expired: { readonly bootId: string; readonly atMs: number; readonly awakeMs: number } | null
}

/** An entry is seen so long after it was written, at most: when it is durable. */
const seenLateMs = 5000
const seenLateInOutageMs = 30_000
/** A settle that has to wait is tried again for so long; then its hold is left to its expiry, and the log says so. */
const settleTriesMs = 180_000
/** A settle comes so late at most. */
const lateMaxMs = 24 * 60 * 60 * 1000

/** Which holds may have expired: those of processes that died over them, and hardly any others. */
export class HoldLives {
  readonly #timeline: Timeline
  readonly #outage: Outage
  readonly #lives = new Map<string, HoldLife>()
  readonly #deathsMs = new Map<string, number>()
  /** Holds of which the log says that they could not be ended. */
  readonly #left = new Set<string>()
  /** Holds whose end waits, outside of its request, in the memory of their process. */
  readonly #waiting = new Set<string>()
  /** When the machine slept, or its clock of record jumped, in time that it was awake, and how far. */
  readonly #skips: { readonly awakeMs: number; readonly ms: number }[] = []

  constructor(timeline: Timeline, outage: Outage) {
    this.#timeline = timeline
    this.#outage = outage
  }

  begin(holdId: string, { bootId, lifeMs }: Pick<HoldLife, 'bootId' | 'lifeMs'>): void {
    const { nowMs: beganMs } = this.#timeline
    const usualMs = this.#outage.isFelt ? seenLateInOutageMs : seenLateMs
    const seen = { beganMs, seenLateMs: usualMs + this.#timeline.sleptWithin(usualMs) }
    this.#lives.set(holdId, { bootId, lifeMs, ...seen, expired: null })
  }

  /** What is wrong with its expiry; null when nothing is. */
  expire(holdId: string, bootId: string): string | null {
    const life = this.#lives.get(holdId)
    if (life === undefined) return null
    const atMs = this.#timeline.nowMs
    life.expired = { bootId, atMs, awakeMs: this.#awakeMs }
    if (bootId !== life.bootId) return null
    const livedMs = atMs - life.beganMs
    return livedMs + life.seenLateMs >= life.lifeMs
      ? null
      : `${holdId} expired after ${livedMs} of ${life.lifeMs} ms`
  }

  skip(ms: number): void {
    this.#skips.push({ awakeMs: this.#awakeMs, ms })
  }

  processDied(bootId: string): void {
    if (!this.#deathsMs.has(bootId)) this.#deathsMs.set(bootId, this.#timeline.nowMs)
  }

  leftOpen(holdId: string): void {
    this.#left.add(holdId)
  }

  waits(holdId: string): void {
    this.#waiting.add(holdId)
  }

  hasWaited(holdId: string): void {
    this.#waiting.delete(holdId)
  }

  /** Whether it is nobody's fault that this hold was never settled. */
  mayExpire(holdId: string): boolean {
    const life = this.#lives.get(holdId)
    if (life === undefined || life.expired === null) return false
    const { bootId, atMs, awakeMs } = life.expired
    if (this.#left.has(holdId) || bootId !== life.bootId) return true
    const deathMs = this.#deathsMs.get(life.bootId) ?? Infinity
    if (this.#waiting.has(holdId) && deathMs < Infinity) return true
    return deathMs - atMs <= settleTriesMs || this.#skippedFrom(awakeMs) >= lateMaxMs
  }

  /** How much time was skipped while a settle may have been on its way; it is, for so long, while nothing sleeps. */
  #skippedFrom(expiredMs: number): number {
    const [fromMs, untilMs] = [expiredMs - seenLateInOutageMs, expiredMs + settleTriesMs]
    return this.#skips
      .filter(({ awakeMs }) => awakeMs > fromMs && awakeMs < untilMs)
      .reduce((sum, { ms }) => sum + ms, 0)
  }

  get #awakeMs(): number {
    return this.#timeline.nowMs - this.#timeline.sleptMs
  }
}
