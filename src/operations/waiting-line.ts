import { systemCustomerId, type CustomerId, type LimitId } from '../core/ids.ts'
import type { CommittedScope, MemberScope, Storage } from '../storage/storage.ts'
import type { Clock } from '../system/clock.ts'

/**
 * Requests that would pass if others in flight ended wait here, first come first served per binding limit:
 * nobody who needs the same limit or wallet may pass those who came before (DESIGN, "Waiting"). A waiter
 * leaves when it is decided, when its time is up, or when its caller hangs up.
 *
 * A commit wakes only those whose answer it can change: the member's own few waiters, and the first who
 * waits for the wallet. Whoever leaves wakes the next one of each queue that it was the first of, so a
 * line of any length costs each commit the same.
 */
export type LineSettings = { readonly waitMaxMs: number; readonly waitersMax: number }

export type Asking = {
  readonly scope: MemberScope
  /** What it waits for; `limitBinding` and `walletBinding` name them. */
  readonly bindings: readonly string[]
  /** How long until time alone may change its answer; null when it does not. */
  readonly changesInMs: number | null
  /** There is room for it, and only those who came before keep it waiting. */
  readonly isFitting: boolean
}

/** A place in the line; give it up with `leave`, whatever happens. */
export type Place = {
  /** Comes by order of arrival; a lower one came before. */
  readonly ticket: number
  /** It was decided again and waits on, perhaps for something else. */
  stay(asking: Asking): void
  /** Resolves true when it may be worth deciding again, false when the wait is over. */
  next(): Promise<boolean>
  leave(): void
}

export class WaitingLine {
  readonly #clock: Clock
  readonly #settings: LineSettings
  readonly #stopListening: () => void
  /** Waiters by what they wait for, each queue in order of arrival. */
  readonly #queues = new Map<string, Waiter[]>()
  readonly #byMember = new Map<string, Set<Waiter>>()
  readonly #byCustomer = new Map<CustomerId, Set<Waiter>>()
  #lastTicket = 0
  #isClosed = false

  constructor(storage: Pick<Storage, 'onCommit'>, clock: Clock, settings: LineSettings) {
    this.#clock = clock
    this.#settings = settings
    this.#stopListening = storage.onCommit((changed) => {
      if (this.#byCustomer.size > 0) for (const scope of changed) this.#wakeFor(scope)
    })
  }

  /** Whether somebody who came before waits for one of these. */
  isTaken(bindings: readonly string[], before?: Place): boolean {
    return bindings.some((binding) => {
      const first = this.#queues.get(binding)?.[0]
      return first !== undefined && (before === undefined || first.ticket < before.ticket)
    })
  }

  /**
   * Joins at the end; undefined when nobody may wait, or when this member has too many waiting already. One that
   * fits always finds a place: refused it would be told something untrue, let in it would pass the others.
   * Called within the change that decided, so that nobody can come between deciding and joining.
   */
  join(asking: Asking, signal: AbortSignal | undefined): Place | undefined {
    const { waitersMax, waitMaxMs } = this.#settings
    const ownCount = this.#byMember.get(memberKey(asking.scope))?.size ?? 0
    if (this.#isClosed || waitMaxMs <= 0) return undefined
    if (ownCount >= waitersMax && !asking.isFitting) return undefined
    this.#lastTicket += 1
    const waiter = new Waiter(this.#lastTicket, asking.scope, { clock: this.#clock, signal })
    waiter.endAfter(waitMaxMs)
    addTo(this.#byMember, memberKey(asking.scope), waiter)
    addTo(this.#byCustomer, asking.scope.customerId, waiter)
    this.#queue(waiter, asking)
    return {
      ticket: waiter.ticket,
      stay: (again) => {
        const { bindings } = waiter
        this.#queue(waiter, again)
        this.#leaveQueues(
          waiter,
          bindings.filter((one) => !again.bindings.includes(one)),
        )
      },
      next: () => waiter.next(),
      leave: () => this.#remove(waiter),
    }
  }

  /** Ends every wait, and nobody waits from now on. */
  close(): void {
    this.#isClosed = true
    this.#stopListening()
    for (const waiters of this.#byCustomer.values()) for (const waiter of waiters) waiter.end()
  }

  #queue(waiter: Waiter, { bindings, changesInMs }: Asking): void {
    waiter.bindings = bindings
    const isWithinWait = changesInMs !== null && changesInMs < this.#settings.waitMaxMs
    waiter.wakeAfter(isWithinWait ? changesInMs : null)
    for (const binding of bindings) {
      const queue = this.#queues.get(binding)
      if (queue === undefined) this.#queues.set(binding, [waiter])
      else insert(queue, waiter)
    }
  }

  #remove(waiter: Waiter): void {
    waiter.release()
    removeFrom(this.#byMember, memberKey(waiter.scope), waiter)
    removeFrom(this.#byCustomer, waiter.scope.customerId, waiter)
    this.#leaveQueues(waiter, waiter.bindings)
    waiter.bindings = []
  }

  /** The next one may have waited only for the place that is free now. */
  #leaveQueues(waiter: Waiter, bindings: readonly string[]): void {
    for (const binding of bindings) {
      const queue = this.#queues.get(binding) ?? []
      const index = indexIn(queue, waiter.ticket)
      if (queue[index] !== waiter) continue
      queue.splice(index, 1)
      if (queue.length === 0) this.#queues.delete(binding)
      else if (index === 0) queue[0]?.tell()
    }
  }

  /** Plans and prices concern everybody, a customer's own rows all of its members. */
  #wakeFor({ customerId, memberId }: CommittedScope): void {
    if (customerId === systemCustomerId) {
      for (const waiters of this.#byCustomer.values()) tellAll(waiters)
    } else if (memberId === null) {
      tellAll(this.#byCustomer.get(customerId))
    } else {
      tellAll(this.#byMember.get(memberKey({ customerId, memberId })), this.#settings.waitersMax)
      this.#queues.get(walletBinding(customerId))?.[0]?.tell()
    }
  }
}

class Waiter {
  readonly ticket: number
  readonly scope: MemberScope
  bindings: readonly string[] = []
  readonly #clock: Clock
  readonly #signal: AbortSignal | undefined
  #wake: (() => void) | undefined
  /** Something changed since it was last decided, so nothing is missed between deciding and waiting. */
  #hasNews = false
  #isOver = false
  #cancelEnd: () => void = () => undefined
  #cancelWake: () => void = () => undefined
  readonly end = (): void => {
    this.#isOver = true
    this.#wake?.()
  }

  constructor(
    ticket: number,
    scope: MemberScope,
    outside: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
  ) {
    this.ticket = ticket
    this.scope = scope
    this.#clock = outside.clock
    this.#signal = outside.signal
    this.#signal?.addEventListener('abort', this.end, { once: true })
  }

  endAfter(waitMaxMs: number): void {
    this.#cancelEnd = this.#clock.after(waitMaxMs, this.end)
  }

  wakeAfter(delayMs: number | null): void {
    this.#cancelWake()
    this.#cancelWake =
      delayMs === null ? () => undefined : this.#clock.after(delayMs, () => this.tell())
  }

  tell(): void {
    this.#hasNews = true
    this.#wake?.()
  }

  async next(): Promise<boolean> {
    if (!this.#hasNews && this.#isWaiting()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    this.#wake = undefined
    this.#hasNews = false
    return this.#isWaiting()
  }

  release(): void {
    this.#cancelEnd()
    this.#cancelWake()
    this.#signal?.removeEventListener('abort', this.end)
  }

  #isWaiting(): boolean {
    return !this.#isOver && this.#signal?.aborted !== true
  }
}

/** The names under which requests wait for a member's limit and for a customer's wallet. */
export const limitBinding = ({ customerId, memberId }: MemberScope, limitId: LimitId): string =>
  `${customerId}:${memberId}:${limitId}`
export const walletBinding = (customerId: CustomerId): string => `wallet:${customerId}`

const memberKey = ({ customerId, memberId }: MemberScope): string => `${customerId}:${memberId}`

/** The first of them; those behind are told when the ones before them leave. */
function tellAll(waiters: ReadonlySet<Waiter> | undefined, countMax = Infinity): void {
  let count = 0
  for (const waiter of waiters ?? []) {
    if (count++ >= countMax) return
    waiter.tell()
  }
}

function addTo<Key>(map: Map<Key, Set<Waiter>>, key: Key, waiter: Waiter): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, new Set([waiter]))
  else known.add(waiter)
}

function removeFrom<Key>(map: Map<Key, Set<Waiter>>, key: Key, waiter: Waiter): void {
  const known = map.get(key)
  known?.delete(waiter)
  if (known?.size === 0) map.delete(key)
}

/** Where a ticket stands in a queue, or would stand. */
function indexIn(queue: readonly Waiter[], ticket: number): number {
  let from = 0
  let to = queue.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((queue[middle]?.ticket ?? Infinity) < ticket) from = middle + 1
    else to = middle
  }
  return from
}

function insert(queue: Waiter[], waiter: Waiter): void {
  const index = indexIn(queue, waiter.ticket)
  if (queue[index] !== waiter) queue.splice(index, 0, waiter)
}
