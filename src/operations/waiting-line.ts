import type { CustomerId, LimitId } from '../core/ids.ts'
import type { MemberScope, Storage } from '../storage/storage.ts'
import type { Clock } from '../system/clock.ts'

/**
 * Requests that would pass if others in flight ended wait here, first come first served per binding limit:
 * nobody who needs the same limit or wallet may pass those who came before (DESIGN, "Waiting"). A waiter
 * leaves when a commit may have made room, when its time is up, or when its caller hangs up.
 */
export type LineSettings = { readonly waitMaxMs: number; readonly waitersMax: number }

type Waiter = {
  readonly scope: MemberScope
  readonly bindings: readonly string[]
  wake: (() => void) | undefined
  /** Something changed since this waiter last decided, so nothing is missed between deciding and waiting. */
  hasNews: boolean
}

/** A place in the line; give it up with `leave`, whatever happens. */
export type Place = {
  /** Resolves true when it may be worth deciding again, false when the wait is over. */
  next(): Promise<boolean>
  leave(): void
}

export class WaitingLine {
  readonly #waiters: Waiter[] = []
  readonly #clock: Clock
  readonly #settings: LineSettings
  readonly #stopListening: () => void

  constructor(storage: Pick<Storage, 'onCommit'>, clock: Clock, settings: LineSettings) {
    this.#clock = clock
    this.#settings = settings
    this.#stopListening = storage.onCommit((changed) => {
      if (this.#waiters.length > 0) this.#wakeCustomers(new Set(changed.map((s) => s.customerId)))
    })
  }

  /** Whether somebody who came before waits for one of these. */
  isTaken(bindings: readonly string[], before?: Place): boolean {
    const waiters = before === undefined ? this.#waiters : this.#before(before)
    return waiters.some((waiter) => waiter.bindings.some((one) => bindings.includes(one)))
  }

  /** Joins at the end; undefined when this member has too many waiting already, or nobody may wait. */
  join(
    scope: MemberScope,
    bindings: readonly string[],
    signal: AbortSignal | undefined,
  ): Place | undefined {
    const own = this.#waiters.filter(
      (waiter) =>
        waiter.scope.memberId === scope.memberId && waiter.scope.customerId === scope.customerId,
    )
    if (own.length >= this.#settings.waitersMax || this.#settings.waitMaxMs <= 0) return undefined
    const waiter: Waiter = { scope, bindings, wake: undefined, hasNews: true }
    this.#waiters.push(waiter)
    let isOver = false
    const end = (): void => {
      isOver = true
      waiter.wake?.()
    }
    const cancelTimer = this.#clock.after(this.#settings.waitMaxMs, end)
    signal?.addEventListener('abort', end, { once: true })
    const place: Place = {
      next: async () => {
        if (!waiter.hasNews && !isOver && signal?.aborted !== true) {
          await new Promise<void>((resolve) => {
            waiter.wake = resolve
          })
        }
        waiter.wake = undefined
        waiter.hasNews = false
        return !isOver && signal?.aborted !== true
      },
      leave: () => {
        cancelTimer()
        signal?.removeEventListener('abort', end)
        this.#remove(waiter)
      },
    }
    this.#places.set(place, waiter)
    return place
  }

  close(): void {
    this.#stopListening()
    for (const waiter of this.#waiters) waiter.wake?.()
  }

  readonly #places = new WeakMap<Place, Waiter>()

  #before(place: Place): readonly Waiter[] {
    const waiter = this.#places.get(place)
    return waiter === undefined
      ? this.#waiters
      : this.#waiters.slice(0, this.#waiters.indexOf(waiter))
  }

  /** Those behind may have waited only for the place that is free now. */
  #remove(waiter: Waiter): void {
    const index = this.#waiters.indexOf(waiter)
    if (index >= 0) this.#waiters.splice(index, 1)
    this.#wakeCustomers(new Set([waiter.scope.customerId]))
  }

  #wakeCustomers(customers: ReadonlySet<CustomerId>): void {
    for (const waiter of this.#waiters) {
      if (!customers.has(waiter.scope.customerId)) continue
      waiter.hasNews = true
      waiter.wake?.()
    }
  }
}

/** The names under which requests wait for a member's limit and for a customer's wallet. */
export const limitBinding = ({ customerId, memberId }: MemberScope, limitId: LimitId): string =>
  `${customerId}:${memberId}:${limitId}`
export const walletBinding = (customerId: CustomerId): string => `wallet:${customerId}`
