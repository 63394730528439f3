import type { AutoReload } from '../../../src/core/account.ts'
import type { Entry, EntryBody } from '../../../src/core/entry.ts'
import type { Limit, Plan } from '../../../src/core/plan.ts'
import { monthAt, type Span } from '../../model/naive-calendar.ts'

/** A hold as entries tell it. */
export type BookedHold = {
  readonly member: string
  readonly source: 'plan' | 'extra_usage' | 'free'
  /** Money that it keeps; zero unless extra usage pays. */
  money: bigint
  readonly priceId: string
  /** What it was expected to cost, whoever pays: so much is lost with it. */
  readonly expected: bigint
  readonly placedAtMs: number
  /** Kept of the allowance for overruns. */
  readonly reserve: bigint
  /** The window instances that it counts in, each with its unit. */
  readonly legs: Extract<EntryBody, { kind: 'held' }>['windowLegs']
}

type Grant = {
  readonly id: string
  readonly priority: number
  readonly expiresAtMs: number | null
  readonly granted: bigint
}
type Cap =
  | { readonly kind: 'unlimited' }
  | { readonly kind: 'capped'; readonly amountNanos: bigint }
type Settings = { isOn: boolean; isActive: boolean; cap: Cap }
type Exception = { readonly amount: bigint | null; readonly untilMs: number | null }
type Seat = Settings & { planId: string; readonly exceptions: Map<string, Exception> }

export type LimitNow = {
  readonly limit: Limit
  /** What this member may use; null is without a bound. */
  readonly amount: bigint | null
  readonly used: bigint
  readonly held: bigint
  readonly span: Span | null
}

type Pin = Span & { readonly limitId: string }
type Asked = { readonly member: string; readonly model: string; readonly atMs: number }

/** The month that was asked for last, by zone: looking a calendar up costs more than all the rest. */
const lastMonths = new Map<string, Span>()

function monthStartMs(zone: string, nowMs: number): number {
  const last = lastMonths.get(zone)
  if (last !== undefined && last.startMs <= nowMs && nowMs < last.endMs) return last.startMs
  const month = monthAt(zone, nowMs)
  lastMonths.set(zone, month)
  return month.startMs
}

/**
 * What one customer's entries add up to, for the simulator's own eyes: every leg is moved between named accounts,
 * and nothing of the core's own sums is looked at.
 */
export class Ledger {
  zone = 'UTC'
  isOpen = false
  overrunMax = 0n
  /** What the operator absorbed, by the month in which the hold was placed. */
  readonly overruns = new Map<number, bigint>()
  runningMax = 0
  isStrict = false
  /** What whole answers used, by member and kind of request, as they came. */
  readonly #outputs = new Map<string, number[]>()
  autoReload: AutoReload = { kind: 'off' }
  /** What the operator pays for in a month. */
  order = 0n
  readonly own: Settings = { isOn: false, isActive: false, cap: { kind: 'unlimited' } }
  readonly members = new Map<string, Seat>()
  readonly grants: Grant[] = []
  readonly accounts = new Map<string, bigint>()
  readonly spans = new Map<string, Span[]>()
  readonly holds = new Map<string, BookedHold>()
  /** Holds that expired may be settled once more. */
  readonly lost = new Map<string, BookedHold>()

  copy(): Ledger {
    const copy = new Ledger()
    copy.zone = this.zone
    copy.isOpen = this.isOpen
    copy.overrunMax = this.overrunMax
    copy.runningMax = this.runningMax
    copy.isStrict = this.isStrict
    for (const [name, outputs] of this.#outputs) copy.#outputs.set(name, [...outputs])
    copy.autoReload = this.autoReload
    copy.order = this.order
    Object.assign(copy.own, this.own)
    for (const [id, member] of this.members)
      copy.members.set(id, { ...member, exceptions: new Map(member.exceptions) })
    copy.grants.push(...this.grants)
    for (const [name, amount] of this.accounts) copy.accounts.set(name, amount)
    for (const [startMs, amount] of this.overruns) copy.overruns.set(startMs, amount)
    for (const [name, spans] of this.spans) copy.spans.set(name, [...spans])
    for (const [id, hold] of this.holds) copy.holds.set(id, { ...hold })
    for (const [id, hold] of this.lost) copy.lost.set(id, hold)
    return copy
  }

  take(entry: Entry): void {
    const member = entry.memberId ?? ''
    for (const { from, to, amount } of entry.legs) {
      this.#move(member, from, -amount)
      this.#move(member, to, amount)
      if (from === 'operator_overrun') this.#addOverrun(entry, amount)
    }
    this.#note(entry, member)
  }

  /** It is of the month in which its hold was placed, and its allowance reserved. */
  #addOverrun({ body, atMs }: Entry, amount: bigint): void {
    const hold = 'holdId' in body ? this.holds.get(body.holdId) : undefined
    const startMs = monthStartMs('UTC', hold?.placedAtMs ?? atMs)
    this.overruns.set(startMs, (this.overruns.get(startMs) ?? 0n) + amount)
  }

  amountIn(account: string): bigint {
    return this.accounts.get(account) ?? 0n
  }

  /** What grants can pay at a moment and no hold keeps. */
  available(nowMs: number): bigint {
    let sum = 0n
    for (const grant of this.grants) sum += this.#left(grant, nowMs)
    return sum
  }

  /** Which grants pay so much: the lowest priority first, then what ends first, then what came first. */
  payersOf(amount: bigint, nowMs: number): string {
    const endOf = ({ expiresAtMs }: Grant): number => expiresAtMs ?? Infinity
    const inOrder = this.grants.toSorted((a, b) =>
      a.priority === b.priority && endOf(a) !== endOf(b)
        ? endOf(a) - endOf(b)
        : a.priority - b.priority,
    )
    const parts: string[] = []
    let missing = amount
    for (const grant of inOrder) {
      const left = this.#left(grant, nowMs)
      const part = left < missing ? left : missing
      if (part > 0n) parts.push(`${part} of ${grant.id}`)
      missing -= part
    }
    return parts.join(', ')
  }

  #left({ id, expiresAtMs }: Grant, nowMs: number): bigint {
    if (expiresAtMs !== null && expiresAtMs <= nowMs) return 0n
    return this.amountIn(`grant:${id}:available`) + this.amountIn(`grant:${id}:expired`)
  }

  /** Kept by open holds: of one member, or of all. */
  held(member: string | null): bigint {
    let sum = 0n
    for (const hold of this.holds.values()) {
      if (member === null || hold.member === member) sum += hold.money
    }
    return sum
  }

  spent(member: string | null, nowMs: number): bigint {
    return this.amountIn(`spent:${member ?? ''}:${monthStartMs(this.zone, nowMs)}`)
  }

  /** The most that the operator absorbed of one month. */
  mostOverrun(): bigint {
    let most = 0n
    for (const amount of this.overruns.values()) if (amount > most) most = amount
    return most
  }

  /** What alike requests of a member have used, as far as it was reported. */
  learned(member: string, bucket: string): number[] {
    const name = `${member} ${bucket}`
    const known = this.#outputs.get(name) ?? []
    this.#outputs.set(name, known)
    return known
  }

  overrunInMonth(nowMs: number): bigint {
    return this.overruns.get(monthStartMs('UTC', nowMs)) ?? 0n
  }

  /** What open holds keep of the allowance for overruns. */
  reserved(): bigint {
    let sum = 0n
    for (const { reserve } of this.holds.values()) sum += reserve
    return sum
  }

  /** Reloads of the month of a moment: how many, and what they add up to. */
  reloads(nowMs: number): { readonly count: bigint; readonly sum: bigint } {
    const month = monthStartMs(this.zone, nowMs)
    return { count: this.amountIn(`reloads:${month}`), sum: this.amountIn(`reloaded:${month}`) }
  }

  limitNow(member: string, limit: Limit, nowMs: number): LimitNow {
    const span =
      this.spans
        .get(`${member} ${limit.id}`)
        ?.findLast(({ startMs, endMs }) => startMs <= nowMs && nowMs < endMs) ?? null
    const exception = this.members.get(member)?.exceptions.get(limit.id)
    const isExcepted = exception !== undefined && (exception.untilMs ?? Infinity) > nowMs
    const amount = isExcepted ? exception.amount : limit.amount
    if (span === null) return { limit, amount, used: 0n, held: 0n, span }
    const account = `${member} window:${limit.id}:${span.startMs}`
    const [used, held] = [this.amountIn(`${account}:used`), this.amountIn(`${account}:held`)]
    return { limit, amount, used, held, span }
  }

  limitsFor(plan: Plan, asked: Asked): readonly LimitNow[] {
    const { member, model, atMs } = asked
    return plan.limits
      .filter(({ models }) => models?.some((prefix) => model.startsWith(prefix)) ?? true)
      .map((limit) => this.limitNow(member, limit, atMs))
  }

  /** Whether an instance would lie across another one that was pinned with other bounds. */
  isTorn(member: string, { limitId, startMs, endMs }: Pin, atMs: number): boolean {
    return (this.spans.get(`${member} ${limitId}`) ?? []).some((span) => {
      const isSame = span.startMs === startMs && span.endMs === endMs
      // A session that a wrong clock opened ahead gives way to one that opens now.
      if (startMs === atMs && span.startMs > atMs) return false
      return !isSame && span.startMs < endMs && startMs < span.endMs
    })
  }

  #move(member: string, account: string, amount: bigint): void {
    if (account.startsWith('grant:')) this.#add(account, amount)
    if (account.startsWith('window:')) this.#add(`${member} ${account}`, amount)
  }

  #add(account: string, amount: bigint): void {
    this.accounts.set(account, this.amountIn(account) + amount)
  }

  #note(entry: Entry, member: string): void {
    const { body } = entry
    switch (body.kind) {
      case 'customer_opened':
        this.isOpen = true
        this.zone = body.zone
        this.overrunMax = body.overrunMaxNanos
        this.runningMax = body.runningMax
        this.isStrict = body.isStrict
        Object.assign(this.own, { isOn: body.isExtraUsageOn, isActive: true, cap: body.cap })
        return
      case 'member_seated':
        this.#seat(member, { body, atMs: entry.atMs })
        return
      case 'extra_usage_set':
        this.#settings(body.scope, member).isOn = body.isOn
        return
      case 'spend_cap_set':
        this.#settings(body.scope, member).cap = body.cap
        return
      case 'status_set':
        this.#settings(body.scope, member).isActive = body.isActive
        return
      case 'limit_excepted': {
        const exceptions = this.members.get(member)?.exceptions
        if (body.exception === null) exceptions?.delete(body.limitId)
        else exceptions?.set(body.limitId, body.exception)
        return
      }
      case 'auto_reload_set':
        this.autoReload = body.setting
        return
      case 'standing_order_set':
        this.order = body.monthMaxNanos
        return
      case 'granted':
        if (body.reload !== undefined) {
          const month = monthStartMs(this.zone, entry.atMs)
          this.#add(`reloads:${month}`, 1n)
          this.#add(`reloaded:${month}`, body.grant.amountNanos)
        }
        this.grants.push({
          id: body.grant.grantId,
          priority: body.grant.priority,
          expiresAtMs: body.grant.expiresAtMs,
          granted: body.grant.amountNanos,
        })
        return
      default:
        this.#noteHold(body, member, entry.atMs)
    }
  }

  #seat(
    member: string,
    {
      body,
      atMs,
    }: { readonly body: Extract<EntryBody, { kind: 'member_seated' }>; readonly atMs: number },
  ): void {
    const fresh = {
      isOn: true,
      isActive: true,
      cap: { kind: 'unlimited' },
      exceptions: new Map(),
    } as const
    this.members.set(member, { ...(this.members.get(member) ?? fresh), planId: body.planId })
    for (const pin of body.pins) this.#pin(member, pin, atMs)
  }

  #noteHold(body: EntryBody, member: string, atMs: number): void {
    if (body.kind === 'held') {
      const { source, windowLegs: legs } = body
      const money = source === 'extra_usage' ? body.amounts.money : 0n
      const { priceId } = body.facts
      const { overrunReserveNanos: reserve } = body
      const own = { priceId, reserve, expected: body.expected.money }
      const terms = { ...own, legs, placedAtMs: atMs }
      this.holds.set(body.holdId, { member, source, money, ...terms })
      for (const leg of body.windowLegs) this.#pin(member, leg, atMs)
    }
    if (body.kind === 'hold_grown') {
      const hold = this.holds.get(body.holdId)
      if (hold?.source === 'extra_usage') hold.money = body.amounts.money
    }
    if (body.kind === 'expired') {
      const hold = this.holds.get(body.holdId)
      if (hold !== undefined) this.lost.set(body.holdId, hold)
    }
    if (body.kind === 'settled') {
      if (!body.isEstimate) this.learned(member, body.bucket).push(body.usage.output ?? 0)
      this.lost.delete(body.holdId)
      const month = monthStartMs(this.zone, atMs)
      for (const who of ['', member]) this.#add(`spent:${who}:${month}`, body.chargedNanos)
    }
    if (body.kind === 'settled' || body.kind === 'voided' || body.kind === 'expired') {
      this.holds.delete(body.holdId)
    }
  }

  #pin(member: string, { limitId, startMs, endMs }: Pin, atMs: number): void {
    const name = `${member} ${limitId}`
    const known = this.spans.get(name) ?? []
    const spans = startMs === atMs ? known.filter((span) => span.startMs <= atMs) : known
    if (!spans.some((span) => span.startMs === startMs)) spans.push({ startMs, endMs })
    this.spans.set(name, spans)
  }

  #settings(scope: 'customer' | 'member', member: string): Settings {
    const settings = scope === 'customer' ? this.own : this.members.get(member)
    if (settings === undefined) throw new Error(`${member} has a setting and no seat`)
    return settings
  }
}

export const isClosed = ({ amount, used, held }: LimitNow): boolean =>
  amount !== null && used + held >= amount

/** What a cap leaves; null where there is none. */
export const capRoom = (cap: Cap, spent: bigint, held: bigint): bigint | null =>
  cap.kind === 'unlimited' ? null : cap.amountNanos - spent - held
