import type { Clock } from '../../system/clock.ts'
import type { Relay } from './relay.ts'

/** How often replies are looked at for having run too long: one timer for all, instead of one for each. */
const lookEveryMs = 500

type Running = { readonly dueMs: number; readonly onDue: () => void }

/**
 * Replies on their way, so that those which outlive their holds are ended, and all of them when the process
 * stops; once it does, a new one is ended as it starts.
 */
export class RunningRelays {
  readonly #clock: Clock
  readonly #relays = new Map<Relay, Running>()
  #cancelTimer: (() => void) | null = null
  #lastWords: string | null = null

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isStopping(): boolean {
    return this.#lastWords !== null
  }

  /** `onDue` is called when the relay still runs this much later. */
  add(relay: Relay, afterMs = Infinity, onDue: () => void = () => {}): void {
    this.#relays.set(relay, { dueMs: this.#clock.elapsedMs() + afterMs, onDue })
    if (this.#lastWords !== null) relay.cut(this.#lastWords)
    else this.#cancelTimer ??= this.#clock.after(lookEveryMs, this.#look)
  }

  delete(relay: Relay): void {
    this.#relays.delete(relay)
  }

  /** Answers how many were cut. */
  stop(lastWords: string): number {
    const count = this.#relays.size
    this.#lastWords = lastWords
    this.#cancelTimer?.()
    for (const relay of this.#relays.keys()) relay.cut(lastWords)
    return count
  }

  readonly #look = (): void => {
    const nowMs = this.#clock.elapsedMs()
    for (const { dueMs, onDue } of this.#relays.values()) if (dueMs <= nowMs) onDue()
    const hasMore = this.#relays.size > 0
    this.#cancelTimer = hasMore ? this.#clock.after(lookEveryMs, this.#look) : null
  }
}
