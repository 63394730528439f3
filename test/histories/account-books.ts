import type { PaymentRefusal } from '../../src/core/account.ts'
import { sum } from '../model/naive-books.ts'
import { monthAt } from '../model/naive-calendar.ts'
import type { Fact, FactOf, Hold, Request } from '../model/naive-facts.ts'
import { NaiveModel, type Question, type Sizes } from '../model/naive-model.ts'
import type { FiguresTold, LimitTold, OverviewTold, PlacedHold } from './account-history.ts'

const nothing: Sizes = {
  expected: { money: 0n, tokens: 0n, requests: 1n },
  money: 0n,
  reserve: 0n,
}

/** What is supposed of a later moment: what a request would hold, null as the rule has it, and credit that came. */
type Later = {
  readonly money: bigint | null
  readonly credit: bigint
  readonly creditFromMs: number
}
const asGiven: Later = { money: null, credit: 0n, creditFromMs: Infinity }

/**
 * The naive model, told the amounts of each hold instead of working them out. What goes through the whole list is kept
 * until the next fact: a history asks the same of a list many times.
 */
export class AccountBooks extends NaiveModel {
  /** The hold that is about to be placed, or what a refused request would have had to hold. */
  given: Sizes = nothing
  /** The same once no other request ran, where it is another. */
  givenAlone: Sizes | null = null
  #later = asGiven
  #keptAt = -1
  readonly #kept = new Map<string, readonly unknown[]>()
  #holds: Hold[] | null = null

  protected override sizes(question: Question): Sizes {
    const { holds } = question
    if (holds === 'as they stand') return this.given
    return holds === 'given back' ? (this.givenAlone ?? this.given) : this.#sizesLater(question)
  }

  /** What it would hold once time has passed: what it expects to cost, or all that it can. */
  #sizesLater(question: Question): Sizes {
    const { money: most, reserve } = super.sizes(question)
    const { isStrict, overrunMax } = this.opening()
    const worst = most + reserve
    const risk = this.overrunInMonth(question.nowMs) + worst - this.given.money
    const byRule = isStrict || risk > overrunMax ? worst : this.given.money
    const money = this.#later.money ?? byRule
    return { expected: this.given.expected, money, reserve: worst - money }
  }

  protected override payable(question: Question): bigint {
    const isNow = question.holds === 'as they stand' || question.holds === 'given back'
    const isLater = !isNow && question.nowMs >= this.#later.creditFromMs
    return super.payable(question) + (isLater ? this.#later.credit : 0n)
  }

  /**
   * Whether a refusal may promise this moment; null is none. Where it was asked for all that it can cost, nobody was
   * told what it expects to; and credit that the plan brings next month is there or not. There the promise lies
   * between the two.
   */
  isPromise(
    request: Request,
    { nowMs, toldMs }: { nowMs: number; toldMs: number | null },
  ): boolean {
    const credit = sum(this.plan(request.member).grants.map(({ amountNanos }) => amountNanos))
    const isUnsure = !this.opening().isStrict && this.isWorstCase(request, nowMs)
    const money = isUnsure ? { least: 1n, most: this.given.money } : { least: null, most: null }
    const { endMs: creditFromMs } = monthAt('UTC', nowMs)
    const retryMs = (later: Later): number => {
      this.#later = later
      const said = this.decide(request, nowMs)
      this.#later = asGiven
      return (said.kind === 'deny' ? said.retryAtMs : null) ?? Infinity
    }
    const told = toldMs ?? Infinity
    return (
      retryMs({ money: money.least, credit, creditFromMs }) <= told &&
      told <= retryMs({ money: money.most, credit: 0n, creditFromMs })
    )
  }

  /** Whether what it is told to hold is all that this request can cost. */
  isWorstCase(request: Request, nowMs: number): boolean {
    const price = this.prices.find(({ id }) => id === request.facts.priceId)
    if (price === undefined) return false
    const { money, reserve } = super.sizes({ ...request, price, nowMs, holds: 'as they stand' })
    return this.given.money >= money + reserve
  }

  override holds(): Hold[] {
    this.#forget()
    return (this.#holds ??= super.holds())
  }

  protected override of<K extends Fact['kind']>(kind: K): FactOf<K>[] {
    this.#forget()
    const known = this.#kept.get(kind) as FactOf<K>[] | undefined
    if (known !== undefined) return known
    const found = super.of(kind)
    this.#kept.set(kind, found)
    return found
  }

  /** Facts are only ever added, so their number says whether anything is new. */
  #forget(): void {
    if (this.#keptAt === this.facts.length) return
    this.#keptAt = this.facts.length
    this.#kept.clear()
    this.#holds = null
  }

  /** Grows to what was metered; false where there is no such hold, or no room for it. */
  growTo(id: string, amounts: PlacedHold['amounts'], nowMs: number): boolean {
    const hold = this.openHolds(null).find((open) => open.hold === id)
    if (hold === undefined) return false
    const more = amounts.money - hold.amounts.money
    const isWallet = hold.source === 'extra_usage'
    if (isWallet && (more <= 0n || more > this.room(hold, nowMs))) return false
    const grantLegs = isWallet ? this.takeFromGrants(more, nowMs) : []
    this.note(nowMs, { kind: 'grown', hold: id, amounts, grantLegs })
    return true
  }

  isRevoked(key: string): boolean {
    return this.of('revoked').some((revoked) => revoked.key === key)
  }

  isOpen(id: string): boolean {
    return this.openHolds(null).some(({ hold }) => hold === id)
  }

  /** Books a reload; false where none of this amount is needed, or the operator does not pay for it. */
  bookReload(grant: string, amount: bigint, nowMs: number): boolean {
    const before = this.facts.length
    this.reload(grant, nowMs)
    const last = this.facts.at(-1)
    return this.facts.length > before && last?.kind === 'granted' && last.amount === amount
  }

  /** A way to pay gave nothing: when it was asked is known to nobody, so its reason is taken as it is. */
  refuseReload(reason: PaymentRefusal, nowMs: number): boolean {
    const { state, stop } = this.reloadStand(nowMs)
    if (state !== 'due' && (stop === null || stop.sinceMs === null)) return false
    this.note(nowMs, { kind: 'reload_refused', reason })
    return true
  }

  told(member: string, nowMs: number): FiguresTold {
    return {
      limits: this.limitsTold(member, nowMs),
      isOnForCustomer: this.isOn(null),
      isOnForMember: this.isOn(member),
      balanceNanos: this.balance(nowMs),
      heldNanos: this.heldMoney(null),
      spentNanos: this.spent(null, nowMs),
      capNanos: this.cap(null),
      memberSpentNanos: this.spent(member, nowMs),
      memberHeldNanos: this.heldMoney(member),
      memberCapNanos: this.cap(member),
      runningCount: this.openHolds(member).length,
    }
  }

  limitsTold(member: string, nowMs: number): readonly LimitTold[] {
    return this.limits(member, nowMs).map(({ limit, most, used, held, instance }) => {
      return { limit: limit.id, used, held, amount: most, resetMs: instance?.endMs ?? null }
    })
  }

  overview(nowMs: number): OverviewTold {
    return {
      isActive: this.isActive(null),
      isOn: this.isOn(null),
      balanceNanos: this.balance(nowMs),
      heldNanos: this.heldMoney(null),
      spentNanos: this.spent(null, nowMs),
      capNanos: this.cap(null),
    }
  }
}
