import {
  bookReload,
  refuseReload,
  reloadChangesMs,
  reloadState,
  type AskedReload,
  type ReloadNeed,
} from '../core/auto-reload.ts'
import type { Entry } from '../core/entry.ts'
import { operationId, systemCustomerId, type CustomerId, type OperationId } from '../core/ids.ts'
import type { Payment, PaymentAnswer, PaymentMethod } from '../payments/payments.ts'
import type { CommittedScope, Storage } from '../storage/storage.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import { digestOf } from './command.ts'

/**
 * Sees to it that reloads which are due are paid and booked. It looks at the sums whenever something of a customer was
 * committed, when time alone changes the answer, and at the start; what it hears tells it only when to look. Each look
 * pays for one reload at most, outside of any transaction, and books it under the reload's own name: a crash, a
 * repeat, or two that look at once book it once.
 */
export class AutoReloads {
  readonly #parts: ReloadParts
  readonly #method: PaymentMethod
  readonly #customers = new Map<CustomerId, Watched>()
  readonly #runs = new Set<Promise<void>>()
  readonly #stopListening: () => void
  readonly #closing = Promise.withResolvers<never>()
  #isClosed = false

  constructor(parts: ReloadParts, method: PaymentMethod) {
    this.#parts = parts
    this.#method = method
    this.#stopListening = parts.storage.onCommit((changed) => this.#hear(changed))
    // Whoever waits for it hears of it; nobody has to.
    this.#closing.promise.catch(() => undefined)
  }

  /** Looks at every customer that ever turned it on: a need may have come while nobody looked. */
  async start(): Promise<void> {
    for (let afterPosition = 0; !this.#isClosed;) {
      const set = await this.#settingsAfter(afterPosition)
      for (const { customerId } of set) {
        this.#look(customerId)
        if (this.#runs.size >= runsAtStartMax) await Promise.race(this.#runs)
      }
      const last = set.at(-1)
      if (last === undefined) return
      afterPosition = last.position
    }
  }

  /** As long as it takes: whoever is left out here is not looked at when its members spend. */
  async #settingsAfter(afterPosition: number): Promise<readonly Entry[]> {
    const { storage, clock, logger } = this.#parts
    while (!this.#isClosed) {
      try {
        return await storage.entries({ kind: 'auto_reload_set', afterPosition })
      } catch (error) {
        if (this.#isClosed) break
        const problem = error instanceof Error ? error.message : String(error)
        logger.warn('auto-reload settings could not be read', { problem })
      }
      const pause = Promise.withResolvers<void>()
      const cancel = clock.after(retryMinMs, pause.resolve)
      await Promise.race([pause.promise, this.#closing.promise]).catch(() => undefined)
      cancel()
    }
    return []
  }

  /** Nothing new begins, and no payment is waited for: what was paid is booked after the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#closing.reject(new Error('The server is being stopped'))
    this.#stopListening()
    for (const watched of this.#customers.values()) watched.cancelWake()
    await this.settled()
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#runs.size > 0) await Promise.all(this.#runs)
  }

  /** A customer's own rows change rarely; those of its members only matter while auto-reload is on. */
  #hear(changed: readonly CommittedScope[]): void {
    for (const { customerId, memberId } of changed) {
      if (customerId === systemCustomerId) continue
      if (memberId === null || this.#customers.has(customerId)) this.#look(customerId)
    }
  }

  #look(customerId: CustomerId): void {
    if (this.#isClosed) return
    const watched = this.#customers.get(customerId) ?? newlyWatched()
    this.#customers.set(customerId, watched)
    watched.hasNews = true
    if (watched.isRunning) return
    const run = this.#run(customerId, watched).finally(() => this.#runs.delete(run))
    this.#runs.add(run)
  }

  async #run(customerId: CustomerId, watched: Watched): Promise<void> {
    watched.isRunning = true
    while (watched.hasNews && !this.#isClosed) {
      watched.hasNews = false
      try {
        await this.#lookOnce(customerId, watched)
      } catch (error) {
        if (this.#isClosed) break
        this.#tryLater(customerId, watched, 'failed')
        const problem = error instanceof Error ? error.message : String(error)
        this.#parts.logger.warn('auto-reload could not be looked after', { customerId, problem })
      }
    }
    watched.isRunning = false
    if (!watched.isOn) this.#customers.delete(customerId)
  }

  async #lookOnce(customerId: CustomerId, watched: Watched): Promise<void> {
    const { storage, clock } = this.#parts
    const { state, changesInMs } = await storage.updateCustomer(
      customerId,
      ({ customer }, { nowMs }) => ({
        answer: {
          state: reloadState(customer, nowMs),
          changesInMs: reloadChangesMs(customer, nowMs) - nowMs,
        },
        entries: [],
      }),
    )
    watched.isOn = state.kind !== 'off'
    const need = state.kind === 'due' || state.kind === 'stopped' ? state.need : null
    // Money came in, or a setting changed: what was refused before is asked afresh.
    if (need === null || (state.kind === 'due' && watched.lastTry === 'refused'))
      forgetTries(watched)
    if (!watched.isOn) return watched.cancelWake()
    const waitMs = watched.retryAtMs - clock.elapsedMs()
    this.#wakeAfter(customerId, watched, need !== null && waitMs > 0 ? waitMs : changesInMs)
    if (need !== null && waitMs <= 0) await this.#reload(customerId, watched, need)
  }

  async #reload(customerId: CustomerId, watched: Watched, need: ReloadNeed): Promise<void> {
    const asked = { need, method: this.#method.name }
    const key = keyOf(customerId, need)
    const { amountNanos, number } = need
    const answer = await this.#pay({ customerId, key, amountNanos })
    if (answer.kind === 'refused') {
      this.#tryLater(customerId, watched, 'refused')
      const isNew = await this.#noteRefusal(customerId, { ...asked, reason: answer.reason })
      if (isNew) {
        this.#parts.logger.warn('auto-reload stopped', { customerId, reason: answer.reason })
      }
      return
    }
    forgetTries(watched)
    if (await this.#book(customerId, { ...asked, key })) {
      this.#parts.logger.info('auto-reload booked', {
        customerId,
        number,
        amountNanos: amountNanos.toString(),
      })
    }
  }

  /** An answer that takes too long is a fault: it is asked for again by the same name. */
  async #pay(payment: Payment): Promise<PaymentAnswer> {
    const late = Promise.withResolvers<never>()
    const cancel = this.#parts.clock.after(payMaxMs, () =>
      late.reject(new Error(`The payment had no answer within ${payMaxMs} ms`)),
    )
    try {
      return await Promise.race([this.#method.pay(payment), late.promise, this.#closing.promise])
    } finally {
      cancel()
    }
  }

  /** Whether it was booked now, and not before or not at all. */
  #book(
    customerId: CustomerId,
    { key, ...asked }: AskedReload & { readonly key: OperationId },
  ): Promise<boolean> {
    const { amountNanos, month, number } = asked.need
    const mark = {
      operationId: key,
      operationDigest: digestOf({ reload: amountNanos, month, number }),
      actor,
    }
    return this.#parts.storage.updateCustomer(
      customerId,
      ({ customer }, context) => {
        const draft = bookReload(customer, asked, context)
        return draft === undefined
          ? { answer: false, entries: [] }
          : { answer: true, entries: [{ ...draft, ...mark }] }
      },
      { ...mark, answerAgain: () => false },
    )
  }

  #noteRefusal(
    customerId: CustomerId,
    refused: Parameters<typeof refuseReload>[1],
  ): Promise<boolean> {
    return this.#parts.storage.updateCustomer(customerId, ({ customer }, context) => {
      const draft = refuseReload(customer, refused, context)
      return draft === undefined
        ? { answer: false, entries: [] }
        : { answer: true, entries: [{ ...draft, actor }] }
    })
  }

  #tryLater(customerId: CustomerId, watched: Watched, lastTry: 'refused' | 'failed'): void {
    const delayMs = Math.min(retryMinMs * 2 ** watched.triedCount, lookAgainMaxMs)
    watched.lastTry = lastTry
    watched.triedCount = Math.min(watched.triedCount + 1, 16)
    watched.retryAtMs = this.#parts.clock.elapsedMs() + delayMs
    this.#wakeAfter(customerId, watched, delayMs)
  }

  #wakeAfter(customerId: CustomerId, watched: Watched, delayMs: number): void {
    watched.cancelWake()
    if (this.#isClosed) return
    const boundedMs = Math.max(0, Math.min(delayMs, lookAgainMaxMs))
    watched.cancelWake = this.#parts.clock.after(boundedMs, () => this.#look(customerId))
  }
}

export type ReloadParts = {
  readonly storage: Pick<Storage, 'updateCustomer' | 'onCommit' | 'entries'>
  readonly clock: Pick<Clock, 'elapsedMs' | 'after'>
  readonly logger: Logger
}

type Watched = {
  /** As of the last look. */
  isOn: boolean
  isRunning: boolean
  /** Something was committed since the last look began. */
  hasNews: boolean
  lastTry: 'none' | 'refused' | 'failed'
  triedCount: number
  retryAtMs: number
  cancelWake: () => void
}

/** Looks that are under way at once while a start goes through all customers. */
const runsAtStartMax = 16
/** The longest that one payment is waited for. */
const payMaxMs = 60_000
/** After a refusal or a fault it is tried again after this time, then after twice as long, and so on. */
const retryMinMs = 60_000
/** The longest time without a look: the clock of record may have gone another way than this one. */
const lookAgainMaxMs = 3_600_000

/** Who wrote it, in the history. */
const actor = 'auto-reload'

function newlyWatched(): Watched {
  return {
    isOn: true,
    isRunning: false,
    hasNews: false,
    lastTry: 'none',
    triedCount: 0,
    retryAtMs: 0,
    cancelWake: () => undefined,
  }
}

function forgetTries(watched: Watched): void {
  watched.lastTry = 'none'
  watched.triedCount = 0
  watched.retryAtMs = 0
}

/** The name of a reload, for good and everywhere; the keys of commands begin with who sent them. */
const keyOf = (customerId: CustomerId, { month, number }: ReloadNeed): OperationId =>
  operationId(`auto-reload:${customerId}:${month.startMs}:${number}`)
