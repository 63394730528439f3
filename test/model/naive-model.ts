import type { ExtraUsageReason, Reason } from '../../src/core/decision.ts'
import type { Limit, Plan } from '../../src/core/plan.ts'
import type { Amounts, Price, Usage } from '../../src/core/usage.ts'
import { lateSettleMs, least, most, NaiveBooks, sum } from './naive-books.ts'
import { monthAt } from './naive-calendar.ts'
import type {
  Admitted,
  Hold,
  Look,
  Part,
  Pin,
  Refused,
  Request,
  SettleResult,
} from './naive-facts.ts'
import { isFree, sizeOf } from './naive-price.ts'

/** When only other holds are in the way, nobody knows when they end: come back after one full wait. */
const retryShortlyMs = 2000
const applies = (limit: Limit, model: string): boolean =>
  limit.models?.some((prefix) => model.startsWith(prefix)) ?? true

type Metered = { usage: Usage; marks: readonly string[] }

/**
 * How open holds count: as they stand; not at all, as if they were given back; or at a later moment, settled within
 * their amounts. What they settled for stays with the windows and the balance, and with the caps of the month in
 * which it may have been charged; nothing is kept of the overrun allowance any more.
 */
type HoldView = 'as they stand' | 'given back' | 'charged this month' | 'charged before this month'
export type Question = Request & { price: Price; nowMs: number; holds: HoldView }

export type Sizes = { expected: Amounts; money: bigint; reserve: bigint }

/**
 * The rules of DESIGN.md a second time, for property tests to compare the core with. One list of facts per
 * customer; every question is answered by going through that list again. Nothing is cached, nothing is clever,
 * and nothing is imported from the core but the shapes of its data.
 */
export class NaiveModel extends NaiveBooks {
  /** What the request would hold of the plan, what of the wallet, and what of the overrun allowance with that. */
  protected sizes({ member, facts, price, nowMs, holds }: Question): Sizes {
    const output = this.expectedOutput(member, facts)
    const expected = sizeOf(price, { input: facts.inputTokensExpected, output })
    const worst = most(
      sizeOf(price, { input: facts.inputTokensMax, output: facts.maxTokens }).money,
      sizeOf(price, { cache_write_1h: facts.inputTokensMax, output: facts.maxTokens }).money,
    )
    const { isStrict, overrunMax } = this.opening()
    const reserved = holds === 'as they stand' ? this.overrunReserved() : 0n
    const risk = this.overrunInMonth(nowMs) + reserved + worst - expected.money
    const money = isStrict || risk > overrunMax ? worst : expected.money
    return { expected, money, reserve: worst - money }
  }

  private look(question: Question): Look {
    const { member, facts, price, nowMs, holds } = question
    const { expected, money, reserve } = this.sizes(question)
    const limits = this.limits(member, nowMs).filter(({ limit }) => applies(limit, facts.model))
    const binding = limits.filter(
      (l) => l.most !== null && l.used + (holds === 'given back' ? 0n : l.held) >= l.most,
    )
    const look: Look = {
      source: 'plan',
      amounts: expected,
      expectedMoney: expected.money,
      grantLegs: [],
      reserve: 0n,
      limits,
      binding,
      extraUsageReason: null,
    }
    if (isFree(price)) return { ...look, source: 'free', limits: [], binding: [] }
    if (binding.length === 0) return look

    const why = this.whyNotExtraUsage(question, money)
    return {
      ...look,
      source: why === null ? 'extra_usage' : null,
      amounts: { ...expected, money },
      reserve,
      grantLegs: why === null ? this.takeFromGrants(money, nowMs) : [],
      extraUsageReason: why,
    }
  }

  private whyNotExtraUsage(question: Question, money: bigint): ExtraUsageReason | null {
    const { member, facts, nowMs, holds } = question
    const isCapReached = (who: string | null): boolean => {
      const cap = this.cap(who)
      if (cap === null) return false
      const isHeld = holds === 'as they stand' || holds === 'charged this month'
      const held = isHeld ? this.heldMoney(who) : 0n
      return cap === 0n || cap - this.spent(who, nowMs) - held < money
    }
    if (!this.isOn(null)) return 'off_for_customer'
    if (!this.isOn(member)) return 'off_for_member'
    if (facts.consent === 'never') return 'forbidden_by_request'
    if (isCapReached(null)) return 'cap_reached'
    if (isCapReached(member)) return 'member_cap_reached'
    if (this.payable(question) < money) return 'balance_too_low'
    return null
  }

  /** What the wallet could pay. */
  protected payable({ nowMs, holds }: Question): bigint {
    return this.available(nowMs, holds === 'given back')
  }

  /** Decides without placing a hold; a refusal leaves no fact. */
  decide(request: Request, nowMs: number): Admitted | Refused {
    const { member, facts } = request
    const refuse = (reason: Reason): Refused => ({
      kind: 'deny',
      reason,
      extraUsageReason: null,
      needed: null,
      binding: new Set(),
      retryAtMs: null,
    })
    if (!this.isActive(null)) return refuse('customer_inactive')
    if (!this.isActive(member)) return refuse('member_inactive')
    const price = this.prices.find((known) => known.id === facts.priceId)
    if (price === undefined) return refuse('model_unpriced')
    const isCrowded =
      this.openHolds(member).length >= this.plan(member).runningMax ||
      this.openHolds(null).length >= this.opening().runningMax
    if (isCrowded) {
      return { ...refuse('running_limit'), retryAtMs: nowMs + retryShortlyMs }
    }

    const question = { ...request, price, nowMs }
    const look = this.look({ ...question, holds: 'as they stand' })
    if (look.source !== null) return this.admit(request, look, nowMs)
    const isReserved = this.look({ ...question, holds: 'given back' }).source !== null
    return {
      ...refuse(isReserved ? 'reserved' : 'limit_reached'),
      extraUsageReason: look.extraUsageReason,
      needed: look.amounts.money,
      binding: new Set(look.binding.map((l) => l.limit.id)),
      retryAtMs: isReserved ? nowMs + retryShortlyMs : this.earliestAdmission(question, look),
    }
  }

  private admit(request: Request, look: Look, nowMs: number): Admitted {
    const { member, facts } = request
    const windows = look.limits.map(({ limit, instance }): Pin => {
      // Shapes that a clock asked for which was ahead are not in force yet, unless it is the first.
      const asked = limit.shapes.findLast(({ sinceMs }) => sinceMs <= nowMs)
      const shape = (asked ?? limit.shapes[0])?.shape
      if (instance !== null) return { limit: limit.id, ...instance }
      if (shape?.kind !== 'session') throw new Error('Only a session waits to be opened')
      return { limit: limit.id, startMs: nowMs, endMs: nowMs + shape.lengthMs, isOpening: true }
    })
    return {
      kind: 'allow',
      hold: request.hold,
      member,
      source: look.source ?? 'free',
      request: facts,
      amounts: look.amounts,
      expectedMoney: look.expectedMoney,
      windows: look.source === 'plan' ? windows : [],
      grantLegs: look.grantLegs,
      reserve: look.source === 'extra_usage' ? look.reserve : 0n,
      expiresAtMs: nowMs + request.holdMaxMs,
    }
  }

  /** Looks again at each moment at which time alone changes anything for the better; the first that admits. */
  private earliestAdmission(question: Omit<Question, 'holds'>, look: Look): number | null {
    const resets = look.limits.flatMap(({ limit, instance }) => [
      ...(instance === null ? [] : [instance.endMs]),
      // What a clock that was ahead fixed may come next, and be used up.
      ...this.pins(question.member, limit.id)
        .map((pin) => pin.endMs)
        .filter((endMs) => endMs > question.nowMs),
      // The plan's own amount may be the larger one.
      this.exception(question.member, limit.id)?.untilMs ?? question.nowMs,
    ])
    const { zone } = this.opening()
    const spendMonth = monthAt(zone, question.nowMs)
    const months = [
      spendMonth.endMs,
      monthAt('UTC', question.nowMs).endMs,
      monthAt(zone, spendMonth.endMs).endMs,
    ]
    const moments = [...resets, ...months]
      .filter((atMs) => atMs > question.nowMs)
      .toSorted((a, b) => a - b)
    // What is open now may be charged as long as it runs, or in this month; from then on it has been.
    const chargedByMs = Math.max(spendMonth.endMs, question.nowMs + question.holdMaxMs)
    const admits = (nowMs: number): boolean => {
      const holds = nowMs < chargedByMs ? 'charged this month' : 'charged before this month'
      return this.look({ ...question, nowMs, holds }).source !== null
    }
    return moments.find(admits) ?? null
  }

  authorize(request: Request, nowMs: number): Admitted | Refused {
    const decision = this.decide(request, nowMs)
    if (decision.kind === 'allow') this.note(nowMs, { ...decision, kind: 'held' })
    return decision
  }

  // The end of a hold.

  /** How much more than its hold this request may be charged: the free room of balance and both caps. */
  protected room(hold: Hold, nowMs: number): bigint {
    if (!this.isOn(null) || !this.isOn(hold.member)) return 0n
    const rooms = [this.available(nowMs)]
    for (const who of [null, hold.member]) {
      const cap = this.cap(who)
      if (cap !== null) rooms.push(cap - this.spent(who, nowMs) - this.heldMoney(who))
    }
    return most(0n, least(...rooms))
  }

  grow(id: string, { usage, marks }: Metered, nowMs: number): void {
    const hold = this.holds().find((h) => h.hold === id && h.end === 'open')
    const price = this.prices.find((known) => known.id === hold?.request.priceId)
    if (hold === undefined || price === undefined || hold.source === 'free') return
    const size = sizeOf(price, usage, marks)
    const money = most(size.money, hold.amounts.money)
    const tokens = most(size.tokens, hold.amounts.tokens)
    const more = least(money - hold.amounts.money, this.room(hold, nowMs))
    const grantLegs = hold.source === 'plan' ? [] : this.takeFromGrants(more, nowMs)
    const amounts = {
      money: hold.source === 'plan' ? money : hold.amounts.money + more,
      tokens,
      requests: 1n,
    }
    this.note(nowMs, { kind: 'grown', hold: id, amounts, grantLegs })
  }

  settle(
    id: string,
    { usage, marks, isEstimate }: Metered & { isEstimate: boolean },
    nowMs: number,
  ): SettleResult {
    const hold = this.holds().find((h) => h.hold === id)
    const price = this.prices.find((known) => known.id === hold?.request.priceId)
    if (hold === undefined || price === undefined) throw new Error(`Nobody knows hold ${id}`)
    const isOld = this.isForgotten(hold) || nowMs - hold.endedAtMs >= lateSettleMs
    const isLate = hold.end === 'expired' && !isOld
    if (hold.end !== 'open' && !isLate) return 'already_ended'

    const amounts = sizeOf(price, usage, marks)
    const cost = hold.source === 'extra_usage' ? amounts.money : 0n
    const held = isLate ? [] : hold.grantLegs
    const charged = least(cost, sum(held.map((leg) => leg.amount)) + this.room(hold, nowMs))
    const parts: Part[] = []
    for (const leg of held) {
      const amount = least(leg.amount, charged - sum(parts.map((part) => part.amount)))
      parts.push({ grant: leg.grant, amount })
    }
    parts.push(...this.takeFromGrants(charged - sum(parts.map((part) => part.amount)), nowMs))
    // The bound on overruns reserves nothing for a hold that is gone: its rest is lost, as it was.
    const [overrun, loss] = isLate ? [0n, cost - charged] : [cost - charged, 0n]
    const output = usage.output ?? 0
    this.note(nowMs, {
      kind: 'settled',
      hold: id,
      isEstimate,
      output,
      amounts,
      charged,
      overrun,
      lost: loss,
      parts,
    })
    return { cost: amounts.money, charged, overrun, lost: loss }
  }

  void(id: string, nowMs: number): void {
    if (this.holds().some((hold) => hold.hold === id && hold.end === 'open')) {
      this.note(nowMs, { kind: 'ended', hold: id, how: 'voided', lost: 0n })
    }
  }

  expire(id: string, nowMs: number): void {
    const hold = this.holds().find((h) => h.hold === id && h.end === 'open')
    if (hold === undefined) return
    this.note(nowMs, { kind: 'ended', hold: id, how: 'expired', lost: hold.expectedMoney })
  }

  // Commands and sums that have a rule of their own.

  /** A seat keeps the anchored instances that run under the old plan: a shown reset is a promise. */
  seat(member: string, planId: string, nowMs: number): void {
    const isSeated = this.of('seated').some((seat) => seat.member === member)
    const pins = (isSeated ? this.limits(member, nowMs) : []).flatMap(({ limit, instance }) =>
      instance === null ? [] : [{ limit: limit.id, ...instance }],
    )
    this.note(nowMs, { kind: 'seated', member, planId, pins })
  }

  /**
   * The next version of a plan: a changed shape is kept beside the old ones, with its moment. Whatever a clock that was
   * ahead of time had asked for is forgotten then, with what it hid, also where it was the same shape: it was to count later.
   */
  publish(asked: Plan, nowMs: number): void {
    const last = this.of('plan').findLast(({ plan }) => plan.id === asked.id)?.plan
    const limits = asked.limits.map((limit) => {
      const shapes = last?.limits.find((known) => known.id === limit.id)?.shapes ?? []
      const ahead = shapes.findIndex((known, nth) => nth > 0 && known.sinceMs > nowMs)
      const past = ahead === -1 ? shapes : shapes.slice(0, ahead)
      const [old, next] = [shapes.at(-1)?.shape, limit.shapes.at(-1)?.shape]
      if (next === undefined) throw new Error('A limit has a shape')
      const isSame = JSON.stringify(old) === JSON.stringify(next)
      if (isSame && past.length === shapes.length) return { ...limit, shapes }
      return { ...limit, shapes: [...past, { sinceMs: nowMs, shape: next }] }
    })
    this.note(nowMs, { kind: 'plan', plan: { ...asked, limits } })
  }

  /** Somebody looks whether a reload is needed, and asks the operator's standing order to pay for it. */
  reload(grant: string, nowMs: number): void {
    const setting = this.autoReload()
    const { state, stop } = this.reloadStand(nowMs)
    const isAsked = state === 'due' || (stop !== null && stop.sinceMs !== null)
    if (setting.kind === 'off' || !isAsked) return
    const soFar = sum(this.reloads(nowMs).map((reload) => reload.amount))
    const isPaid = this.order() > 0n && soFar + setting.amountNanos <= this.order()
    if (isPaid) {
      const terms = { grant, priority: 50, expiresAtMs: null, amount: setting.amountNanos }
      return this.note(nowMs, { kind: 'granted', ...terms, isReload: true })
    }
    const reason = this.order() === 0n ? 'standing_order_missing' : 'standing_order_used_up'
    if (stop?.reason !== reason) this.note(nowMs, { kind: 'reload_refused', reason })
  }

  /** Gives back what is left of a grant and neither held nor expired. */
  refund(grant: string, nowMs: number): void {
    const known = this.grants().find((granted) => granted.grant === grant)
    if (known === undefined) return
    const { available } = this.grant(known, nowMs)
    if (available > 0n) this.note(nowMs, { kind: 'refunded', grant, amount: available })
  }

  credit(member: string, limit: string, nowMs: number): void {
    const instance = this.limits(member, nowMs).find((l) => l.limit.id === limit)?.instance
    if (instance) this.note(nowMs, { kind: 'credited', member, limit, startMs: instance.startMs })
  }
}
