import type { CustomerId } from '../../core/ids.ts'
import { isServed } from '../../operations/is-served.ts'
import type { GateParts } from '../../operations/parts.ts'

type LateEnd = {
  readonly customerId: CustomerId
  readonly sinceMs: number
  /** It waited before, so it has its place. */
  readonly isBack: boolean
  /** Tries it again from the start; settles by itself, and never rejects. */
  readonly endAgain: () => Promise<void>
  /** It waited for as long as it can: says so in the log. */
  readonly giveUp: () => void
}

const lookEveryMs = 5000
/** A settle corrects its hold's expiry for a day, and no hold expires before it is left here. */
const waitMaxMs = 24 * 60 * 60 * 1000
/** Each keeps the log line, usage and last error of its request: some 4 KiB. */
export const waitingMax = 5000

/**
 * Ends of holds that wait for the storage to come back, or for their customer's quarantine to end, outside of the requests
 * that they are of: those keep memory and connections. Meanwhile nobody concerned gets new holds, so these stay few; a
 * storage that comes and goes cannot make them more than `waitingMax`.
 */
export class LateEnds {
  readonly #parts: Pick<GateParts, 'clock' | 'storage'>
  readonly #running = new Map<Promise<void>, LateEnd>()
  #waiting: LateEnd[] = []
  #cancelTimer: (() => void) | undefined
  #isStopped = false

  constructor(parts: Pick<GateParts, 'clock' | 'storage'>) {
    this.#parts = parts
  }

  isServed(customerId: CustomerId): boolean {
    return isServed(this.#parts, customerId)
  }

  /** How many wait or are tried, and since when the first of them does. */
  facts(): { readonly count: number; readonly oldestMs: number } {
    const sinceMs = [...this.#waiting, ...this.#running.values()].map((end) => end.sinceMs)
    const nowMs = this.#parts.clock.elapsedMs()
    const oldestMs = sinceMs.reduce((oldest, since) => Math.max(oldest, nowMs - since), 0)
    return { count: this.#count, oldestMs }
  }

  /** Whether the end is kept: not when it waited for a day, too many wait, or the server stops. */
  add(end: LateEnd): boolean {
    const { clock } = this.#parts
    const isLong = clock.elapsedMs() - end.sinceMs >= waitMaxMs
    const isFull = !end.isBack && this.#count >= waitingMax
    if (this.#isStopped || isLong || isFull) return false
    this.#waiting.push(end)
    this.#cancelTimer ??= clock.after(lookEveryMs, () => this.#look())
    return true
  }

  /**
   * The gateway serves nobody any more. A quarantine ends with the process, whose next start would settle these if it knew
   * of them: so each is tried once more, as guarded as ever. What cannot be ended is said in the log, and left to its expiry.
   */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancelTimer?.()
    if (this.#count > 0) this.#parts.storage.quarantine.endWithProcess()
    this.#look()
    await Promise.allSettled(this.#running.keys())
  }

  /** Those that wait, and those that are tried. */
  get #count(): number {
    return this.#waiting.length + this.#running.size
  }

  #look(): void {
    this.#cancelTimer = undefined
    const waiting = this.#waiting
    this.#waiting = []
    for (const end of waiting) {
      if (this.isServed(end.customerId)) this.#start(end)
      else if (!this.add({ ...end, isBack: true })) end.giveUp()
    }
  }

  #start(end: LateEnd): void {
    const running = end.endAgain().finally(() => this.#running.delete(running))
    this.#running.set(running, end)
  }
}
