import type {
  Account,
  CustomerState,
  MemberState,
  SpendCap,
  SystemState,
} from '../../src/core/account.ts'
import { applyToCustomer, applyToMember, applyToSystem } from '../../src/core/apply.ts'
import { decide } from '../../src/core/authorize.ts'
import { correctedMs } from '../../src/core/clock-jumps.ts'
import * as commands from '../../src/core/commands.ts'
import type { Decision } from '../../src/core/decision.ts'
import { expireOpenHold, voidOpenHold } from '../../src/core/end-hold.ts'
import { emptyCustomer, emptyMember, emptySystem } from '../../src/core/empty-state.ts'
import type { Entry, EntryDraft, RequestFacts } from '../../src/core/entry.ts'
import { figuresOf } from '../../src/core/figures.ts'
import { growOpenHold } from '../../src/core/grow-hold.ts'
import {
  bootId,
  customerId,
  grantId,
  holdId,
  limitId,
  memberId,
  planId,
  priceId,
  systemCustomerId,
  type HoldId,
  type LimitId,
  type MemberId,
} from '../../src/core/ids.ts'
import { dueGrants } from '../../src/core/included-grant.ts'
import { assertEntry, assertSums } from '../../src/core/invariants.ts'
import { nanosPerUnit, type Nanos } from '../../src/core/money.ts'
import type { Limit, Plan, WindowShape } from '../../src/core/plan.ts'
import { settleHold, type SettleAnswer } from '../../src/core/settle.ts'
import type { Price, Unit, Usage } from '../../src/core/usage.ts'

/** A customer's books in memory: the real rules and the real fold, no storage, and a clock that tests set. */
export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

/** Cents to nanos. */
export const cents = (amount: number): Nanos => (BigInt(amount) * nanosPerUnit) / 100n

/** One output token costs one cent, input is free, so a test's numbers can be read. */
export const centPrice: Price = {
  id: priceId('price_cent'),
  model: 'test-model',
  source: 'test',
  rates: { output: [{ aboveInputTokens: 0, nanosPerMillion: cents(1) * 1_000_000n }] },
  multipliers: {},
}

export const freePrice: Price = {
  ...centPrice,
  id: priceId('price_free'),
  model: 'free-model',
  rates: { output: [{ aboveInputTokens: 0, nanosPerMillion: 0n }] },
}

type LimitTerms = {
  id: string
  amount: bigint
  unit?: Unit
  shape: WindowShape
  models?: readonly string[]
}

export function limit({ id, amount, unit = 'money', shape, models }: LimitTerms): Limit {
  const base = { id: limitId(id), unit, amount, shapes: [{ sinceMs: 0, shape }] }
  return models === undefined ? base : { ...base, models }
}

export const session = (amount: bigint): Limit =>
  limit({ id: 'session', amount, shape: { kind: 'session', lengthMs: 5 * hour } })

export const week = (amount: bigint): Limit =>
  limit({
    id: 'week',
    amount,
    shape: { kind: 'week', anchor: { weekday: 1, hour: 0, minute: 0 }, zone: 'UTC' },
  })

/** `outputTokensExpected` is 10 (10 cents) unless said otherwise. */
export function plan(id: string, limits: readonly Limit[], more: Partial<Plan> = {}): Plan {
  return {
    id: planId(id),
    version: 0,
    name: id,
    priceNanos: null,
    limits,
    grants: [],
    runningMax: 20,
    outputTokensExpected: 10,
    ...more,
  }
}

/** Wednesday 2026-11-18 12:00 UTC: in the middle of a week and of a month. */
export const startMs = Date.UTC(2026, 10, 18, 12)

type Ask = Partial<RequestFacts> & { by?: MemberId }

export class Books {
  nowMs = startMs
  readonly entries: Entry[] = []
  readonly system: SystemState = emptySystem()
  readonly customer: CustomerState = emptyCustomer(customerId('cus_test'))
  readonly #members = new Map<MemberId, MemberState>()
  #count = 0

  constructor(terms: {
    plan: Plan
    isExtraUsageOn?: boolean
    cap?: SpendCap
    isStrict?: boolean
    overrunMaxNanos?: Nanos
  }) {
    this.#system(commands.publishPrice(centPrice, this.moment))
    this.#system(commands.publishPrice(freePrice, this.moment))
    this.publish(terms.plan)
    this.shared(
      commands.openCustomer(
        {
          zone: 'UTC',
          isExtraUsageOn: terms.isExtraUsageOn ?? false,
          cap: terms.cap ?? { kind: 'unlimited' },
          overrunMaxNanos: terms.overrunMaxNanos ?? cents(100_000),
          isStrict: terms.isStrict ?? false,
          runningMax: 100,
        },
        this.moment,
      ),
    )
    this.seat(terms.plan.id)
  }

  get moment(): { nowMs: number; position: number } {
    return { nowMs: this.nowMs, position: this.entries.length }
  }

  member(id: MemberId = ada): MemberState {
    const known = this.#members.get(id)
    if (known !== undefined) return known
    const fresh = emptyMember({ customerId: this.customer.customerId, memberId: id })
    this.#members.set(id, fresh)
    return fresh
  }

  account(id: MemberId = ada): Account {
    return { system: this.system, customer: this.customer, member: this.member(id) }
  }

  /** Writes an entry for the customer's shared rows. */
  shared(draft: EntryDraft | undefined): void {
    if (draft === undefined) return
    const entry = this.#journal(draft, null)
    const sums = { customer: this.customer, member: undefined }
    const drawnNanos = assertEntry(sums, entry)
    applyToCustomer(this.customer, entry)
    assertSums(sums, entry, drawnNanos)
  }

  /** Writes an entry for one member. */
  own(draft: EntryDraft | null | undefined, id: MemberId = ada): void {
    if (draft === null || draft === undefined) return
    const entry = this.#journal(draft, id)
    const sums = { customer: this.customer, member: this.member(id) }
    const drawnNanos = assertEntry(sums, entry)
    applyToCustomer(this.customer, entry)
    applyToMember(this.member(id), entry)
    assertSums(sums, entry, drawnNanos)
  }

  #system(draft: EntryDraft | undefined): void {
    if (draft !== undefined) applyToSystem(this.system, this.#journal(draft, null))
  }

  #journal(draft: EntryDraft, id: MemberId | null): Entry {
    const owner = [
      'plan_published',
      'price_published',
      'clock_adopted',
      'clock_corrected',
    ].includes(draft.body.kind)
    const entry: Entry = {
      ...draft,
      position: this.entries.length + 1,
      customerId: owner ? systemCustomerId : this.customer.customerId,
      memberId: id,
    }
    this.entries.push(entry)
    return entry
  }

  publish(asked: Plan): void {
    this.#system(commands.publishPlan(this.system, asked, this.moment))
  }

  /** The clock of record follows a wrong wall clock. */
  jump(byMs: number): void {
    const [fromMs, toMs] = [this.nowMs, this.nowMs + byMs]
    this.nowMs = toMs
    this.#system({
      atMs: toMs,
      legs: [],
      body: { kind: 'clock_adopted', fromMs, toMs, cause: 'operator' },
    })
  }

  /** All jumps were wrong, and are undone so long after the first. */
  correct(afterMs: number): void {
    const fromMs = this.nowMs
    const wallMs = Math.min(...this.system.jumps.map((jump) => jump.fromMs)) + afterMs
    const toMs = correctedMs(this.system.jumps, { nowMs: fromMs + afterMs, wallMs })
    if (toMs === undefined) throw new Error('There is nothing to correct')
    this.nowMs = toMs
    this.#system({ atMs: toMs, legs: [], body: { kind: 'clock_corrected', fromMs, toMs } })
  }

  giftReset(id: LimitId, by: MemberId = ada): void {
    this.own(commands.creditWindow(this.account(by), { limitId: id }, this.moment), by)
  }

  seat(id: Plan['id'], by: MemberId = ada): void {
    this.own(commands.seatMember(this.account(by), { planId: id }, this.moment), by)
    this.postIncluded(by)
  }

  postIncluded(by: MemberId = ada): void {
    for (;;) {
      const [due] = dueGrants(this.account(by), this.nowMs)
      if (due === undefined) return
      this.own(commands.postIncludedGrant(this.account(by), due, this.moment), by)
    }
  }

  topUp(amountNanos: Nanos, more: { expiresAtMs?: number; priority?: number } = {}): void {
    this.#count += 1
    const terms = {
      grantId: grantId(`g${this.#count}`),
      origin: 'top_up' as const,
      priority: more.priority ?? 50,
      expiresAtMs: more.expiresAtMs ?? null,
      amountNanos,
    }
    this.shared(commands.grant(this.customer, terms, this.moment))
  }

  toggle(isOn: boolean): void {
    this.shared(commands.setExtraUsage({ scope: 'customer', isOn }, this.moment))
  }

  toggleMember(isOn: boolean, by: MemberId = ada): void {
    this.own(commands.setExtraUsage({ scope: 'member', isOn }, this.moment), by)
  }

  cap(cap: SpendCap): void {
    this.shared(commands.setSpendCap({ scope: 'customer', cap }, this.moment))
  }

  capMember(cap: SpendCap, by: MemberId = ada): void {
    this.own(commands.setSpendCap({ scope: 'member', cap }, this.moment), by)
  }

  /** Decides without writing, as a refusal does. */
  ask({ by = ada, ...facts }: Ask = {}): Decision {
    return this.#decide({ by, ...facts }).decision
  }

  #decide({ by = ada, ...facts }: Ask): {
    decision: Decision
    draft: EntryDraft | null
    id: HoldId
  } {
    this.#count += 1
    const id = holdId(`h${this.#count}`)
    const price = facts.model === 'free-model' ? freePrice : centPrice
    const request = {
      holdId: id,
      bootId: bootId('boot'),
      keyId: null,
      facts: {
        model: 'test-model',
        priceId: price.id,
        inputTokensExpected: 1,
        inputTokensMax: 1,
        maxTokens: 100,
        isThinking: false,
        consent: 'allow' as const,
        ...facts,
      },
      holdMaxMs: hour,
      customerRunningCount: 0,
    }
    return { ...decide(this.account(by), request, this.moment), id }
  }

  /** Decides and, when allowed, places the hold. */
  authorize(asked: Ask = {}): { decision: Decision; id: HoldId } {
    const { decision, draft, id } = this.#decide(asked)
    this.own(draft, asked.by)
    return { decision, id }
  }

  /** Places a hold that must be allowed; answers its id. */
  hold(asked: Ask = {}): HoldId {
    const { decision, id } = this.authorize(asked)
    if (decision.kind !== 'allow') throw new Error(`Denied: ${decision.denial.reason}`)
    return id
  }

  settle(id: HoldId, usage: Usage, by: MemberId = ada): SettleAnswer {
    const settlement = { holdId: id, usage, marks: [], isEstimate: false, upstreamRequestId: null }
    const { answer, draft } = settleHold(this.account(by), settlement, this.moment)
    this.own(draft, by)
    return answer
  }

  void(id: HoldId, by: MemberId = ada): void {
    this.own(voidOpenHold(this.account(by), { holdId: id, cause: 'test' }, this.moment).draft, by)
  }

  expire(id: HoldId, by: MemberId = ada): void {
    this.own(expireOpenHold(this.account(by), { holdId: id }, this.moment).draft, by)
  }

  grow(id: HoldId, usage: Usage, by: MemberId = ada): void {
    this.own(
      growOpenHold(this.account(by), { holdId: id, usage, marks: [] }, this.moment).draft,
      by,
    )
  }

  /** Runs one request of so many cents to its end. */
  spend(amount: number, asked: Ask = {}): SettleAnswer {
    return this.settle(this.hold(asked), { output: amount }, asked.by)
  }

  figures(by: MemberId = ada): ReturnType<typeof figuresOf> {
    return figuresOf(this.account(by), this.moment)
  }
}

export const ada: MemberId = memberId('ada')
export const ben: MemberId = memberId('ben')
