import type { Nanos } from '../../src/core/money.ts'
import { costOfPrompt, percentOf, seat, type Prompt } from './seat.ts'

/**
 * A small simulated hosted service that keeps two books, as many services do: a usage tracker and a
 * billing service hold the facts; beside them stands an authorization row per account, written on events,
 * because asking both services for each request was too slow. The gate reads only that row.
 *
 * It is a plausible model of what users reported (anthropics/claude-code#45252, #45039, #45098, #51091),
 * not anybody's code: the vendor has published no cause.
 */
export type BookEvent =
  | { readonly topic: 'usage.recorded' }
  | { readonly topic: 'billing.period_closed' }
  | { readonly topic: 'billing.period_opened' }
  | { readonly topic: 'settings.saved'; readonly isOn: boolean }

type Topic = BookEvent['topic']

export type Delivery = {
  readonly atMs: number
  readonly topic: Topic
  readonly isDelivered: boolean
}

/** In-process publish and subscribe. Its fault is the everyday one: a message is dropped, nobody hears. */
class EventBus {
  readonly deliveries: Delivery[] = []
  readonly #nowMs: () => number
  readonly #handle: (event: BookEvent) => void
  #topicToLose: Topic | null = null

  constructor(nowMs: () => number, handle: (event: BookEvent) => void) {
    this.#nowMs = nowMs
    this.#handle = handle
  }

  loseNext(topic: Topic): void {
    this.#topicToLose = topic
  }

  publish(event: BookEvent): void {
    const isLost = event.topic === this.#topicToLose
    if (isLost) this.#topicToLose = null
    else this.#handle(event)
    this.deliveries.push({ atMs: this.#nowMs(), topic: event.topic, isDelivered: !isLost })
  }
}

type UsageRecord = { readonly atMs: number; readonly costNanos: Nanos }

/** The first book: what was used, by session and by week. It is right throughout. */
class UsageTracker {
  readonly #records: UsageRecord[] = []
  readonly #weekStartMs: number

  constructor(weekStartMs: number) {
    this.#weekStartMs = weekStartMs
  }

  record(record: UsageRecord): void {
    this.#records.push(record)
  }

  weekUsedNanos(): Nanos {
    let used = 0n
    for (const record of this.#records) {
      if (record.atMs >= this.#weekStartMs) used += record.costNanos
    }
    return used
  }

  /** A session opens with its first request and lasts five hours. */
  sessionUsedNanos(nowMs: number): Nanos {
    let endMs = 0
    let used = 0n
    for (const record of this.#records) {
      if (record.atMs >= endMs) {
        endMs = record.atMs + seat.sessionMs
        used = 0n
      }
      used += record.costNanos
    }
    return nowMs < endMs ? used : 0n
  }
}

/** The second book: the extra usage that was bought, what was spent of it, and the switch. Right as well. */
class BillingService {
  balanceNanos: Nanos = seat.extraUsageNanos
  spentNanos: Nanos = 0n
  isExtraUsageOn = true
  saveCount = 0
  periodNumber = 1
  readonly #bus: EventBus

  constructor(bus: EventBus) {
    this.#bus = bus
  }

  /** A renewal closes one billing period and opens the next: two events, and nothing that compares them. */
  renew(): void {
    this.#bus.publish({ topic: 'billing.period_closed' })
    this.periodNumber += 1
    this.#bus.publish({ topic: 'billing.period_opened' })
  }

  save(isOn: boolean): void {
    this.isExtraUsageOn = isOn
    this.saveCount += 1
    this.#bus.publish({ topic: 'settings.saved', isOn })
  }

  charge(costNanos: Nanos): void {
    this.balanceNanos -= costNanos
    this.spentNanos += costNanos
  }
}

/** The row that decides. It is a copy of conclusions, and carries no position that could tell its age. */
export type Authorization = {
  isExhausted: boolean
  extraUsageAuthorized: boolean
  writtenAtMs: number
  writtenOn: Topic | 'account.created'
}

export type TwoBooksUsage = {
  readonly planName: string
  readonly weekPercent: number
  readonly sessionPercent: number
  readonly balanceNanos: Nanos
  readonly spentNanos: Nanos
  readonly isExtraUsageOn: boolean
  readonly saveCount: number
}

export type TwoBooksOptions = { readonly nowMs: () => number; readonly weekStartMs: number }

export class TwoBooks {
  readonly #nowMs: () => number
  readonly #usage: UsageTracker
  readonly #billing: BillingService
  readonly #bus: EventBus
  readonly #authorization: Authorization

  constructor({ nowMs, weekStartMs }: TwoBooksOptions) {
    this.#nowMs = nowMs
    this.#usage = new UsageTracker(weekStartMs)
    this.#bus = new EventBus(nowMs, (event) => this.#onEvent(event))
    this.#billing = new BillingService(this.#bus)
    this.#authorization = {
      isExhausted: false,
      extraUsageAuthorized: true,
      writtenAtMs: nowMs(),
      writtenOn: 'account.created',
    }
  }

  /** The gate. It has a reason to be fast and no way to be wrong that it could notice. */
  isRefused(): boolean {
    return this.#authorization.isExhausted
  }

  /** What happens after an answer: the usage is recorded, and paid from the balance when the plan is full. */
  recordUsage(prompt: Prompt): void {
    const costNanos = costOfPrompt(prompt)
    if (this.#isPlanUsedUp()) this.#billing.charge(costNanos)
    else this.#usage.record({ atMs: this.#nowMs(), costNanos })
    this.#bus.publish({ topic: 'usage.recorded' })
  }

  /** The settings page: "save" writes the switch, and by its event the row. */
  saveExtraUsage(isOn: boolean): void {
    this.#billing.save(isOn)
  }

  renew(): void {
    this.#billing.renew()
  }

  /** The nightly renewal, in which the second of its two events gets lost. */
  renewAndLoseAnEvent(): void {
    this.#bus.loseNext('billing.period_opened')
    this.renew()
  }

  /** What the dashboard shows: it asks both books, not the row. So it is right, and does not help. */
  readUsage(): TwoBooksUsage {
    return {
      planName: seat.planName,
      weekPercent: percentOf(this.#usage.weekUsedNanos(), seat.weekNanos),
      sessionPercent: percentOf(this.#usage.sessionUsedNanos(this.#nowMs()), seat.sessionNanos),
      balanceNanos: this.#billing.balanceNanos,
      spentNanos: this.#billing.spentNanos,
      isExtraUsageOn: this.#billing.isExtraUsageOn,
      saveCount: this.#billing.saveCount,
    }
  }

  /** The row, for the story's audience; users of the service never see it. */
  authorization(): Readonly<Authorization> {
    return { ...this.#authorization }
  }

  deliveries(): readonly Delivery[] {
    return [...this.#bus.deliveries]
  }

  #onEvent(event: BookEvent): void {
    switch (event.topic) {
      case 'billing.period_closed':
        // Parks the account between two periods, so that nothing is charged to neither.
        this.#write(event.topic, { isExhausted: true, extraUsageAuthorized: false })
        return
      case 'billing.period_opened':
        this.#write(event.topic, this.#conclude())
        return
      case 'usage.recorded':
        // Only ever closes: an answer was just given, so there seems to be nothing to open.
        if (this.#conclude().isExhausted) this.#write(event.topic, { isExhausted: true })
        return
      case 'settings.saved':
        this.#write(event.topic, event.isOn ? this.#conclude() : this.#concludeOff())
        return
    }
  }

  /** The one place that reads both books. It is right whenever it runs. */
  #conclude(): { isExhausted: boolean; extraUsageAuthorized: boolean } {
    const extraUsageAuthorized = this.#billing.isExtraUsageOn && this.#billing.balanceNanos > 0n
    return { isExhausted: this.#isPlanUsedUp() && !extraUsageAuthorized, extraUsageAuthorized }
  }

  /** Off can only close: a row that is shut stays as it is. */
  #concludeOff(): { isExhausted: boolean; extraUsageAuthorized: boolean } {
    const isExhausted = this.#authorization.isExhausted || this.#isPlanUsedUp()
    return { isExhausted, extraUsageAuthorized: false }
  }

  #isPlanUsedUp(): boolean {
    return (
      this.#usage.weekUsedNanos() >= seat.weekNanos ||
      this.#usage.sessionUsedNanos(this.#nowMs()) >= seat.sessionNanos
    )
  }

  #write(
    topic: Topic,
    columns: Partial<Pick<Authorization, 'isExhausted' | 'extraUsageAuthorized'>>,
  ): void {
    Object.assign(this.#authorization, columns, { writtenAtMs: this.#nowMs(), writtenOn: topic })
  }
}
