import type { AutoReload } from '../../src/core/account.ts'
import type { RequestFacts } from '../../src/core/entry.ts'
import type { Limit, Plan } from '../../src/core/plan.ts'
import type { Price } from '../../src/core/usage.ts'
import { instanceAt, monthAt } from './naive-calendar.ts'
import type { Exception, Fact, FactOf, Grant, Hold, LimitView, Part, Pin } from './naive-facts.ts'
import { bucketOf } from './naive-price.ts'

export const sum = (amounts: bigint[]): bigint =>
  amounts.reduce((total, amount) => total + amount, 0n)
export const least = (...amounts: bigint[]): bigint => amounts.reduce((a, b) => (a < b ? a : b))
export const most = (...amounts: bigint[]): bigint => amounts.reduce((a, b) => (a > b ? a : b))

export const moneyOf = (holds: Hold[]): bigint =>
  sum(holds.flatMap((hold) => hold.grantLegs.map((leg) => leg.amount)))

/** One leg per grant, in the order in which the grants first came. */
function merged(legs: Part[]): Part[] {
  const grants = [...new Set(legs.map((leg) => leg.grant))]
  return grants.map((grant) => {
    const amounts = legs.filter((leg) => leg.grant === grant).map((leg) => leg.amount)
    return { grant, amount: sum(amounts) }
  })
}

const historyMax = 32
/** So long after its expiry a hold may still be settled. */
export const lateSettleMs = 24 * 3600 * 1000

/** What one customer's list of facts adds up to: each figure by going through the whole list again. */
export class NaiveBooks {
  readonly facts: (Fact & { atMs: number })[] = []
  readonly prices: readonly Price[]

  constructor(prices: readonly Price[]) {
    this.prices = prices
  }

  note(atMs: number, fact: Fact): void {
    this.facts.push({ ...fact, atMs })
  }

  protected of<K extends Fact['kind']>(kind: K): FactOf<K>[] {
    return this.facts.filter((fact): fact is FactOf<K> => fact.kind === kind)
  }

  protected opening(): FactOf<'opened'> {
    const [opened] = this.of('opened')
    if (opened === undefined) throw new Error('The customer was never opened')
    return opened
  }

  plan(member: string): Plan {
    const planId = this.of('seated').findLast((seat) => seat.member === member)?.planId
    const plan = this.of('plan').findLast((published) => published.plan.id === planId)?.plan
    if (plan === undefined) throw new Error(`${member} has no seat`)
    return plan
  }

  isOn(member: string | null): boolean {
    const last = this.of('switch').findLast((set) => set.member === member)
    return last?.isOn ?? (member === null ? this.opening().isOn : true)
  }

  isActive(member: string | null): boolean {
    return this.of('status').findLast((set) => set.member === member)?.isActive ?? true
  }

  /** Null is no bound but the balance. */
  cap(member: string | null): bigint | null {
    const last = this.of('cap').findLast((set) => set.member === member)?.cap
    const cap = last ?? (member === null ? this.opening().cap : { kind: 'unlimited' as const })
    return cap.kind === 'unlimited' ? null : cap.amountNanos
  }

  holds(): Hold[] {
    return this.of('held').map((held) => {
      const grown = this.of('grown').filter((fact) => fact.hold === held.hold)
      const ended = this.facts.findLast(
        (fact) => (fact.kind === 'ended' || fact.kind === 'settled') && fact.hold === held.hold,
      )
      const lost = this.of('ended').find((fact) => fact.hold === held.hold)?.lost ?? 0n
      return {
        ...held,
        amounts: grown.at(-1)?.amounts ?? held.amounts,
        grantLegs: merged([held.grantLegs, ...grown.map((fact) => fact.grantLegs)].flat()),
        end: ended?.kind === 'ended' ? ended.how : ended?.kind === 'settled' ? 'settled' : 'open',
        endedAtMs: ended?.atMs ?? Infinity,
        lost: ended?.kind === 'settled' ? ended.lost : lost,
      }
    })
  }

  /** Old ones are looked for whenever another one of the member expires; what was old then is gone for good. */
  isForgotten({ hold, member, endedAtMs }: Hold): boolean {
    const ends = this.of('ended')
    const own = ends.findIndex((fact) => fact.hold === hold)
    return ends.some(
      (other, index) =>
        index > own &&
        other.how === 'expired' &&
        other.atMs - endedAtMs >= lateSettleMs &&
        this.holds().some((h) => h.hold === other.hold && h.member === member),
    )
  }

  openHolds(member: string | null): Hold[] {
    return this.holds().filter((h) => h.end === 'open' && (member === null || h.member === member))
  }

  heldMoney(member: string | null): bigint {
    return moneyOf(this.openHolds(member))
  }

  /** Charged in the customer's calendar month that contains `nowMs`. */
  spent(member: string | null, nowMs: number): bigint {
    const month = monthAt(this.opening().zone, nowMs)
    const charges = this.of('settled').filter(
      (s) => month.startMs <= s.atMs && s.atMs < month.endMs,
    )
    const holds = this.holds().filter((hold) => member === null || hold.member === member)
    return sum(charges.filter((s) => holds.some((h) => h.hold === s.hold)).map((s) => s.charged))
  }

  grant(
    grant: Grant,
    nowMs: number,
  ): { available: bigint; held: bigint; spent: bigint; expired: bigint; refunded: bigint } {
    const ofGrant = (parts: Part[]): bigint =>
      sum(parts.filter((part) => part.grant === grant.grant).map((part) => part.amount))
    const held = sum(this.openHolds(null).map((hold) => ofGrant(hold.grantLegs)))
    const spent = sum(this.of('settled').map((settled) => ofGrant(settled.parts)))
    const refunded = ofGrant(this.of('refunded'))
    const rest = grant.amount - held - spent - refunded
    const isExpired = grant.expiresAtMs !== null && grant.expiresAtMs <= nowMs
    const [available, expired] = isExpired ? [0n, rest] : [rest, 0n]
    return { available, held, spent, expired, refunded }
  }

  /** Grants in the order in which they burn: priority, then expiry with "never" last, then age. */
  grants(): Grant[] {
    const expiry = (grant: Grant): number => grant.expiresAtMs ?? Infinity
    return this.of('granted').toSorted((a, b) =>
      a.priority !== b.priority
        ? a.priority - b.priority
        : expiry(a) < expiry(b)
          ? -1
          : expiry(a) > expiry(b)
            ? 1
            : 0,
    )
  }

  /** Money that no hold keeps: balance less held. With `withHeld`, as if every open hold had been given back. */
  available(nowMs: number, withHeld = false): bigint {
    const live = this.grants().filter((g) => g.expiresAtMs === null || g.expiresAtMs > nowMs)
    return sum(
      live.map((g) => this.grant(g, nowMs)).map((g) => g.available + (withHeld ? g.held : 0n)),
    )
  }

  balance(nowMs: number): bigint {
    return this.available(nowMs) + this.heldMoney(null)
  }

  protected takeFromGrants(amount: bigint, nowMs: number): Part[] {
    const parts: Part[] = []
    for (const grant of this.grants()) {
      const part = least(
        this.grant(grant, nowMs).available,
        amount - sum(parts.map((p) => p.amount)),
      )
      if (part > 0n) parts.push({ grant: grant.grant, amount: part })
    }
    return parts
  }

  /**
   * What entries have fixed of a limit. A session that a wrong clock opened ahead of time is forgotten once
   * another one opens before it; every other instance stays.
   */
  pins(member: string, limit: string): Pin[] {
    const inOrder = this.facts.flatMap((fact) => {
      if (fact.kind === 'held' && fact.member === member) return fact.windows
      return fact.kind === 'seated' && fact.member === member ? fact.pins : []
    })
    let known: Pin[] = []
    for (const pin of inOrder.filter((one) => one.limit === limit)) {
      if (pin.isOpening) known = known.filter((one) => one.startMs < pin.startMs)
      // The one that was touched last comes last, whether it is new or not.
      known = [...known.filter((one) => one.startMs !== pin.startMs), pin]
    }
    return known
  }

  /** The last exception that was made for a limit, unless it was taken back since. */
  exception(member: string, limit: string): Exception | null {
    const last = this.of('excepted').findLast((e) => e.member === member && e.limit === limit)
    return last === undefined || last.exception === 'taken_back' ? null : last.exception
  }

  /** What a member may use of a limit: what the plan says, unless an exception says otherwise at that moment. */
  private most(member: string, limit: Limit, nowMs: number): bigint | null {
    const exception = this.exception(member, limit.id)
    const isOver = exception === null || (exception.untilMs ?? Infinity) <= nowMs
    return isOver ? limit.amount : exception.amount
  }

  limits(member: string, nowMs: number): LimitView[] {
    const holds = this.holds().filter((hold) => hold.member === member)
    return this.plan(member).limits.map((limit) => {
      const instance = instanceAt(limit.shapes, this.pins(member, limit.id), nowMs)
      const inside = holds.filter((hold) =>
        hold.windows.some((w) => w.limit === limit.id && w.startMs === instance?.startMs),
      )
      const held = sum(inside.filter((h) => h.end === 'open').map((h) => h.amounts[limit.unit]))
      let used = 0n
      for (const fact of instance === null ? [] : this.facts) {
        if (fact.kind === 'settled' && inside.some((h) => h.hold === fact.hold))
          used += fact.amounts[limit.unit]
        if (fact.kind !== 'credited' || fact.member !== member || fact.limit !== limit.id) continue
        if (fact.startMs === instance?.startMs) used = 0n
      }
      return { limit, most: this.most(member, limit, nowMs), used, held, instance }
    })
  }

  /** Nearest-rank 90th percentile of the last outputs in the request's bucket, else what the plan expects. */
  expectedOutput(member: string, facts: RequestFacts): number {
    const own = this.holds().filter(
      (h) => h.member === member && bucketOf(h.request) === bucketOf(facts),
    )
    const outputs = this.of('settled')
      .filter((settled) => !settled.isEstimate && own.some((hold) => hold.hold === settled.hold))
      .map((settled) => settled.output)
      .slice(-historyMax)
      .toSorted((a, b) => a - b)
    const expected = outputs[Math.ceil(outputs.length * 0.9) - 1]
    return Math.min(expected ?? this.plan(member).outputTokensExpected, facts.maxTokens)
  }

  /** Of requests that were admitted in the month of `nowMs`, whenever they were settled. */
  overrunInMonth(nowMs: number): bigint {
    const { startMs, endMs } = monthAt('UTC', nowMs)
    const inside = this.of('held').filter(({ atMs }) => startMs <= atMs && atMs < endMs)
    const settled = this.of('settled').filter((s) => inside.some(({ hold }) => hold === s.hold))
    return sum(settled.map(({ overrun }) => overrun))
  }

  autoReload(): AutoReload {
    return this.of('auto_reload').at(-1)?.setting ?? { kind: 'off' }
  }

  /** What the operator pays for in a month. */
  order(): bigint {
    return this.of('order').at(-1)?.monthMax ?? 0n
  }

  reloads(nowMs: number): FactOf<'granted'>[] {
    const { startMs, endMs } = monthAt(this.opening().zone, nowMs)
    return this.of('granted').filter((g) => g.isReload && startMs <= g.atMs && g.atMs < endMs)
  }

  /** A refusal of this month that neither money nor a setting has come after. */
  private refusal(nowMs: number): FactOf<'reload_refused'> | undefined {
    const last = this.facts.findLast(({ kind }) =>
      ['granted', 'auto_reload', 'order', 'reload_refused'].includes(kind),
    )
    const { startMs, endMs } = monthAt(this.opening().zone, nowMs)
    if (last?.kind !== 'reload_refused' || last.atMs < startMs || last.atMs >= endMs)
      return undefined
    return last
  }

  /** What stands between the wallet and its next reload. */
  reloadStand(nowMs: number): {
    state: string
    stop: { reason: string; sinceMs: number | null } | null
  } {
    const setting = this.autoReload()
    if (setting.kind === 'off') return { state: 'off', stop: null }
    if (this.available(nowMs) >= setting.thresholdNanos) return { state: 'ready', stop: null }
    const soFar = sum(this.reloads(nowMs).map((reload) => reload.amount))
    const cap = this.cap(null)
    const spendable = cap === null ? null : cap - this.spent(null, nowMs) - this.heldMoney(null)
    const isTooMuch = soFar + setting.amountNanos > setting.monthMaxNanos
    const refusal = this.refusal(nowMs)
    const reason = !this.isActive(null)
      ? 'customer_inactive'
      : !this.isOn(null)
        ? 'extra_usage_off'
        : spendable !== null && this.available(nowMs) >= spendable
          ? 'spend_cap_reached'
          : isTooMuch
            ? 'month_max_reached'
            : refusal?.reason
    if (reason === undefined) return { state: 'due', stop: null }
    const sinceMs = reason === refusal?.reason ? refusal.atMs : null
    return { state: 'stopped', stop: { reason, sinceMs } }
  }

  /** What open holds keep of the operator's overrun allowance. */
  overrunReserved(): bigint {
    return sum(this.openHolds(null).map((hold) => hold.reserve))
  }

  lostMoney(): bigint {
    return sum(this.holds().map((hold) => hold.lost))
  }
}
