import type { PaymentRefusal } from '../../src/core/account.ts'
import type { Fact, FactOf, Hold, Request } from '../model/naive-facts.ts'
import { NaiveModel, type Question, type Sizes } from '../model/naive-model.ts'
import type { FiguresTold, LimitTold, OverviewTold, PlacedHold } from './account-history.ts'

const nothing: Sizes = {
  expected: { money: 0n, tokens: 0n, requests: 1n },
  money: 0n,
  reserve: 0n,
}

/**
 * The naive model, told the amounts of each hold instead of working them out. What goes through the whole list is kept
 * until the next fact: a history asks the same of a list many times.
 */
export class AccountBooks extends NaiveModel {
  /** The hold that is about to be placed, or what a refused request would have had to hold. */
  given: Sizes = nothing
  /** The same once no other request ran, where it is another. */
  givenAlone: Sizes | null = null
  #keptAt = -1
  readonly #kept = new Map<string, readonly unknown[]>()
  #holds: Hold[] | null = null

  protected override sizes({ holds }: Question): Sizes {
    return holds === 'as they stand' ? this.given : (this.givenAlone ?? this.given)
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
    return this.limits(member, nowMs).map(({ limit, most, used, held }) => {
      return { limit: limit.id, used, held, amount: most }
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
