import type { Entry, Leg } from '../core/entry.ts'
import { countTokens } from '../core/usage.ts'
import { calendarBounds, monthBounds } from '../core/window.ts'
import type { CustomerId } from '../core/ids.ts'
import { nextTurn } from '../system/next-turn.ts'
import { hiddenCustomers } from './demo-world.ts'
import { positionsWithin } from './find-positions.ts'
import type { Parts } from './parts.ts'

/** What entries of a span of time add up to, over all customers. */
export type MoneySums = {
  /** Settled requests, and their tokens of every kind. */
  requests: number
  tokens: number
  /** Cost of requests that the plan paid. */
  planNanos: bigint
  /** Taken from wallets. */
  chargedNanos: bigint
  /** What settling left to the operator, and the expected cost of holds that nobody ended. */
  overrunNanos: bigint
  lostNanos: bigint
  /** Money and credit that came into wallets, by where it came from, and what went back. */
  toppedUpNanos: bigint
  giftedNanos: bigint
  includedNanos: bigint
  refundedNanos: bigint
}

export type MoneyLook =
  | { readonly kind: 'counting'; readonly doneCount: number; readonly totalCount: number }
  | { readonly kind: 'failed'; readonly problem: string }
  | {
      readonly kind: 'counted'
      /** Everything up to this position is in it, and nothing after. */
      readonly position: number
      readonly zone: string
      readonly todayStartMs: number
      readonly monthStartMs: number
      readonly today: MoneySums
      readonly month: MoneySums
      /** Days of this month on which something happened, oldest first. */
      readonly days: readonly (MoneySums & { readonly startMs: number })[]
    }

/** Positions looked through at once: some milliseconds. */
const stretchLength = 1000
/** After so many it leaves the thread to others for most of the time. */
const stretchesAtOnce = 8
const share = 0.2
/** So little is caught up with before an answer. */
const catchUpMax = stretchesAtOnce * stretchLength

const kinds = ['settled', 'expired', 'granted', 'refunded'] as const

/**
 * Sums of today and this month over all customers, from the journal and nothing else. Counting begins with the
 * first who asks: once through the entries of the month, in the background; later questions read what came
 * since. Nothing is stored, so there is no second number that could differ.
 */
export class MoneyBook {
  readonly #parts: Pick<Parts, 'storage' | 'clock'>
  readonly #zone: string
  readonly #dayShape: { readonly kind: 'day'; readonly zone: string }
  readonly #days = new Map<number, MoneySums>()
  #monthStartMs = 0
  #firstPosition = 0
  /** Null until the first look; then everything of the month up to it is in the sums. */
  #position: number | null = null
  #isCounted = false
  #running: Promise<void> | null = null
  #problem: string | null = null
  #hidden: ReadonlySet<CustomerId> = new Set()

  /** @param zone Where days begin and end. */
  constructor(parts: Pick<Parts, 'storage' | 'clock'>, zone: string) {
    this.#parts = parts
    this.#zone = zone
    this.#dayShape = { kind: 'day', zone }
  }

  /** What is counted by now. Waits a moment where little is missing, and never long. */
  async look(): Promise<MoneyLook> {
    const { storage } = this.#parts
    await this.#leaveOutHidden()
    await this.#begin()
    const position = this.#position ?? 0
    const behind = storage.durablePosition - position
    if (behind > 0) this.#running ??= this.#run()
    if (behind <= catchUpMax) await this.#running
    if (this.#problem !== null) return { kind: 'failed', problem: this.#problem }
    if (!this.#isCounted) {
      const from = this.#firstPosition
      return {
        kind: 'counting',
        doneCount: (this.#position ?? from) - from,
        totalCount: storage.durablePosition - from,
      }
    }
    return this.#answer()
  }

  /** Customers that were hidden meanwhile are in no sum any more: counting begins anew without them. */
  async #leaveOutHidden(): Promise<void> {
    const hidden = await hiddenCustomers(this.#parts)
    if (hidden === this.#hidden) return
    await this.#running
    this.#hidden = hidden
    this.#days.clear()
    this.#position = null
    this.#isCounted = false
  }

  async #begin(): Promise<void> {
    if (this.#position !== null) return
    const { storage } = this.#parts
    const nowMs = storage.recordNowMs()
    this.#monthStartMs = monthBounds(this.#zone, nowMs).startMs
    const range = await positionsWithin(storage, { fromMs: this.#monthStartMs, toMs: Infinity })
    this.#position ??= this.#firstPosition = range.afterPosition
    // An installation without an entry this month has counted it.
    this.#isCounted ||= this.#position >= storage.durablePosition
  }

  /** Reads on until nothing is missing. */
  async #run(): Promise<void> {
    try {
      this.#problem = null
      for (let stretch = 1; ; stretch += 1) {
        const beganMs = this.#parts.clock.elapsedMs()
        const isDone = await this.#readOn()
        if (isDone) break
        if (stretch % stretchesAtOnce === 0) await this.#rest(beganMs)
        else await nextTurn()
      }
    } catch (error) {
      // The next question tries again; sums that are not whole are never shown as such.
      this.#problem = error instanceof Error ? error.message : String(error)
    } finally {
      this.#running = null
    }
  }

  async #readOn(): Promise<boolean> {
    const { storage } = this.#parts
    const from = this.#position ?? 0
    const until = Math.min(from + stretchLength, storage.durablePosition)
    const range = { afterPosition: from, beforePosition: until + 1 }
    const entries = await storage.entries({ kinds, ...range, rowsMax: stretchLength })
    for (const entry of entries) this.#add(entry)
    this.#position = until
    const isDone = until >= storage.durablePosition
    this.#isCounted ||= isDone
    return isDone
  }

  async #rest(beganMs: number): Promise<void> {
    const { clock } = this.#parts
    const restMs = Math.max(1, (clock.elapsedMs() - beganMs) * stretchesAtOnce * (1 / share - 1))
    await new Promise<void>((resolve) => void clock.after(restMs, resolve))
  }

  #add(entry: Entry): void {
    if (entry.atMs < this.#monthStartMs || this.#hidden.has(entry.customerId)) return
    const { startMs } = calendarBounds(this.#dayShape, entry.atMs)
    let sums = this.#days.get(startMs)
    if (sums === undefined) this.#days.set(startMs, (sums = emptySums()))
    addEntry(sums, entry)
  }

  #answer(): MoneyLook {
    const nowMs = this.#parts.storage.recordNowMs()
    const { startMs: monthStartMs, endMs: monthEndMs } = monthBounds(this.#zone, nowMs)
    const { startMs: todayStartMs } = calendarBounds(this.#dayShape, nowMs)
    const month = emptySums()
    const days: (MoneySums & { startMs: number })[] = []
    for (const [startMs, sums] of this.#days) {
      // A clock that was put back may have left days behind that are still to come.
      if (startMs < monthStartMs || startMs >= monthEndMs) continue
      addSums(month, sums)
      days.push({ startMs, ...sums })
    }
    for (const startMs of this.#days.keys()) if (startMs < monthStartMs) this.#days.delete(startMs)
    return {
      kind: 'counted',
      position: this.#position ?? 0,
      zone: this.#zone,
      todayStartMs,
      monthStartMs,
      today: this.#days.get(todayStartMs) ?? emptySums(),
      month,
      days: days.toSorted((left, right) => left.startMs - right.startMs),
    }
  }
}

const emptySums = (): MoneySums => ({
  requests: 0,
  tokens: 0,
  planNanos: 0n,
  chargedNanos: 0n,
  overrunNanos: 0n,
  lostNanos: 0n,
  toppedUpNanos: 0n,
  giftedNanos: 0n,
  includedNanos: 0n,
  refundedNanos: 0n,
})

function addSums(sums: MoneySums, more: MoneySums): void {
  sums.requests += more.requests
  sums.tokens += more.tokens
  sums.planNanos += more.planNanos
  sums.chargedNanos += more.chargedNanos
  sums.overrunNanos += more.overrunNanos
  sums.lostNanos += more.lostNanos
  sums.toppedUpNanos += more.toppedUpNanos
  sums.giftedNanos += more.giftedNanos
  sums.includedNanos += more.includedNanos
  sums.refundedNanos += more.refundedNanos
}

function addEntry(sums: MoneySums, { body, legs }: Entry): void {
  sums.lostNanos += sumOf(legs, (leg) => leg.from === 'operator_lost')
  // A settle that came late takes back what was presumed lost.
  sums.lostNanos -= sumOf(legs, (leg) => leg.to === 'operator_lost')
  switch (body.kind) {
    case 'settled':
      sums.requests += 1
      sums.tokens += countTokens(body.usage)
      if (body.source === 'plan') sums.planNanos += body.costNanos
      sums.chargedNanos += body.chargedNanos
      sums.overrunNanos += body.overrunNanos
      return
    case 'granted': {
      const { origin, amountNanos } = body.grant
      const isToppedUp = origin === 'top_up' || origin === 'auto_reload'
      if (isToppedUp) sums.toppedUpNanos += amountNanos
      else if (origin === 'gift') sums.giftedNanos += amountNanos
      else sums.includedNanos += amountNanos
      return
    }
    case 'refunded':
      sums.refundedNanos += sumOf(legs, (leg) => leg.to.endsWith(':refunded'))
      return
    default:
      return
  }
}

function sumOf(legs: readonly Leg[], matches: (leg: Leg) => boolean): bigint {
  let sum = 0n
  for (const leg of legs) if (matches(leg)) sum += leg.amount
  return sum
}
