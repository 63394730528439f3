import type { CustomerId } from '../../core/ids.ts'
import { isServed } from '../../operations/is-served.ts'
import type { GateParts } from '../../operations/parts.ts'

type LateEnd = {
  readonly customerId: CustomerId
  readonly sinceMs: number
  /** Tries it again from the start; settles by itself, and never rejects. */
  readonly endAgain: () => Promise<void>
  /** It waited for as long as it can: says so in the log. */
  readonly giveUp: () => void
}

const lookEveryMs = 5000
/** A settle corrects its hold's expiry for a day, and no hold expires before it is left here. */
const waitMaxMs = 24 * 60 * 60 * 1000

/**
 * Ends of holds that wait for the storage to come back, or for their customer's quarantine to end, outside of the requests
 * that they are of: those keep memory and connections. Meanwhile nobody concerned gets new holds, so these stay few.
 */
export class LateEnds {
  readonly #parts: Pick<GateParts, 'clock' | 'storage'>
  readonly #running = new Set<Promise<void>>()
  #waiting: LateEnd[] = []
  #cancelTimer: (() => void) | undefined
  #isStopped = false

  constructor(parts: Pick<GateParts, 'clock' | 'storage'>) {
    this.#parts = parts
  }

  isServed(customerId: CustomerId): boolean {
    return isServed(this.#parts, customerId)
  }

  /** Whether the end is kept: not when it waited for a day, or the server stops. */
  add(end: LateEnd): boolean {
    const { clock } = this.#parts
    if (this.#isStopped || clock.elapsedMs() - end.sinceMs >= waitMaxMs) return false
    this.#waiting.push(end)
    this.#cancelTimer ??= clock.after(lookEveryMs, () => this.#look())
    return true
  }

  /** Those whose customer is served are tried once more; the others are said in the log, and left to their expiry. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer?.()
    this.#look()
    await Promise.allSettled(this.#running)
  }

  #look(): void {
    this.#cancelTimer = undefined
    const waiting = this.#waiting
    this.#waiting = []
    for (const end of waiting) {
      if (this.isServed(end.customerId)) this.#start(end)
      else if (!this.add(end)) end.giveUp()
    }
  }

  #start(end: LateEnd): void {
    const running = end.endAgain().finally(() => this.#running.delete(running))
    this.#running.add(running)
  }
}
