import assert from 'node:assert/strict'
import { decide } from '../../../src/core/authorize.ts'
import {
  grant,
  openCustomer,
  publishPlan,
  publishPrice,
  seatMember,
} from '../../../src/core/commands.ts'
import type { AuthorizeRequest, Decision } from '../../../src/core/decision.ts'
import {
  customerId,
  grantId,
  holdId,
  limitId,
  memberId,
  operationId,
  planId,
  priceId,
} from '../../../src/core/ids.ts'
import type { Limit, Plan } from '../../../src/core/plan.ts'
import { settleHold } from '../../../src/core/settle.ts'
import type { Price } from '../../../src/core/usage.ts'
import { includedGrantEntries } from '../../../src/operations/authorize.ts'
import type { MemberScope, Storage } from '../../../src/storage/storage.ts'
import { SqliteBed } from '../../contract/sqlite-bed.ts'
import { ClockBooks } from './clock-books.ts'
import type { Dice } from './dice.ts'

/** One random history of clocks: requests go on while clocks step, stop, sleep, are believed and corrected. */
export type Tally = {
  requests: number
  denials: number
  jumps: number
  corrections: number
  restarts: number
  deniedFalsely: number
  /** What `verify` finds: money or usage that does not add up any more. */
  lost: string[]
  broken: string[]
}

export const emptyTally = (): Tally => ({
  requests: 0,
  denials: 0,
  jumps: 0,
  corrections: 0,
  restarts: 0,
  deniedFalsely: 0,
  lost: [],
  broken: [],
})

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const acme = customerId('acme')
const planMember: MemberScope = { customerId: acme, memberId: memberId('plan') }
const walletMember: MemberScope = { customerId: acme, memberId: memberId('wallet') }
const capNanos = 4000n

export const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'Asia/Beirut',
  'Pacific/Apia',
] as const

const price: Price = {
  id: priceId('one-nano'),
  model: 'model',
  source: 'test',
  rates: { output: [{ aboveInputTokens: 0, nanosPerMillion: 1_000_000n }] },
  multipliers: {},
}

export class ClockHistory {
  readonly #bed = new SqliteBed()
  readonly #dice: Dice
  readonly #tally: Tally
  readonly #books: ClockBooks
  readonly #plan: Plan
  readonly #zone: string
  #storage: Storage | undefined
  #read = 0
  #count = 0
  /** How far this machine's clock is wrong. */
  #wrongMs = 0
  #lastMs = 0
  readonly #decided: { position: number; atMs: number; scope: MemberScope; kind: string }[] = []

  constructor(dice: Dice, tally: Tally) {
    this.#dice = dice
    this.#tally = tally
    this.#zone = this.#pick(zones)
    const anchor = { weekday: 1 + dice(7), hour: dice(24), minute: 30 * dice(2) }
    const zone = this.#zone
    const limits: Limit[] = [
      this.#limit('session', { kind: 'session', lengthMs: 5 * hourMs }),
      this.#limit('day', { kind: 'day', zone }),
      this.#limit('week', { kind: 'week', anchor, zone: this.#pick(zones) }),
      this.#limit('month', { kind: 'month', zone }),
    ].filter(() => dice(4) > 0)
    this.#plan = planOf('plan', limits)
    this.#books = new ClockBooks({ limits, capNanos, zone })
    // Beside both clock changes, the leap day, the ends of months and years.
    const starts = [
      '2026-03-28',
      '2026-10-24',
      '2026-11-27',
      '2026-12-31',
      '2028-02-28',
      '2026-04-04',
    ]
    const day = Temporal.Instant.from(`${this.#pick(starts)}T12:00Z`).epochMilliseconds
    this.#bed.clock.stepWall(day + dice(48) * hourMs - this.#bed.clock.wallMs())
  }

  async run(steps: number): Promise<void> {
    try {
      this.#storage = await this.#bed.open()
      await this.#furnish()
      for (let step = 0; step < steps; step += 1) {
        await this.#step()
        await this.#look()
      }
      await this.#end()
    } finally {
      await this.#bed.end()
    }
  }

  async #step(): Promise<void> {
    const { clock } = this.#bed
    switch (this.#dice(14)) {
      case 0:
        return this.#jump()
      case 1:
      case 2:
        return this.#correct()
      case 3:
        // Small steps are caught up with, larger ones back are waited for.
        clock.stepWall((this.#dice(20) - 10) * 60_000)
        return undefined
      case 4:
        return this.#restart()
      case 5:
        clock.pass((1 + this.#dice(12)) * hourMs)
        return undefined
      case 6:
        clock.pass((1 + this.#dice(9)) * dayMs)
        return undefined
      case 7:
        return this.#topUp()
      default:
        clock.pass(this.#dice(90) * 60_000)
        await this.#request(this.#dice(3) === 0 ? walletMember : planMember)
        return undefined
    }
  }

  /** The machine's clock is wrong, and the operator or the upstream confirms it. */
  async #jump(): Promise<void> {
    const { clock } = this.#bed
    const byMs = this.#pick([hourMs, 2 * hourMs, 6 * hourMs, dayMs, 8 * dayMs, 40 * dayMs])
    clock.stepWall(byMs)
    this.#wrongMs += byMs
    const storage = this.#open()
    if (this.#dice(3) === 0) storage.corroborateClock(clock.wallMs() - byMs)
    // A witness that disagrees moves nothing.
    await this.#request(planMember)
    if (this.#dice(2) === 0) storage.adoptWallClock()
    else storage.corroborateClock(clock.wallMs() - 1000)
    this.#tally.jumps += 1
    await this.#request(planMember)
  }

  async #correct(): Promise<void> {
    if (this.#wrongMs === 0) return
    this.#bed.clock.stepWall(-this.#wrongMs)
    this.#wrongMs = 0
    const storage = this.#open()
    const { correctsToMs } = storage.clockStatus()
    if (correctsToMs === null) return
    this.#count += 1
    const { toMs } = await storage.correctClock({
      operationId: operationId(`correct-${this.#count}`),
      actor: 'campaign',
    })
    assert.equal(toMs, correctsToMs)
    this.#tally.corrections += 1
    this.#lastMs = toMs
  }

  async #restart(): Promise<void> {
    if (this.#dice(2) === 0) await this.#bed.crash()
    else await this.#open().close()
    // The machine is off: its clock goes on, and no process counts.
    this.#bed.clock.stepWall(this.#dice(30) * hourMs)
    this.#storage = await this.#bed.open()
    this.#storage.corroborateClock(this.#bed.clock.wallMs())
    // With the machine's clock behind, time goes on from the last entry: nothing else is known of it.
    this.#lastMs = 0
    this.#tally.restarts += 1
  }

  async #request(scope: MemberScope): Promise<void> {
    const storage = this.#open()
    await storage.update(scope, (account, context) => {
      return { answer: undefined, entries: includedGrantEntries(account, context) }
    })
    await this.#look()
    this.#count += 1
    const id = holdId(`h${this.#count}`)
    const { decision, atMs, position } = await storage.update<{
      decision: Decision
      atMs: number
      position: number
    }>(scope, (account, context) => {
      const { decision: made, draft } = decide(account, this.#asked(id), context)
      const entries = draft === null ? [] : [{ ...draft, memberId: scope.memberId }]
      const { nowMs, position: read } = context
      return { answer: { decision: made, atMs: nowMs, position: read }, entries }
    })
    this.#tally.requests += 1
    if (decision.kind === 'deny') this.#tally.denials += 1
    const wrong =
      scope === planMember || decision.kind === 'deny'
        ? this.#judge(scope, decision, atMs)
        : undefined
    if (wrong === 'denied falsely') this.#tally.deniedFalsely += 1
    else if (wrong !== undefined) this.#tally.broken.push(`${wrong} at ${atMs}`)
    this.#decided.push({ position, atMs, scope, kind: JSON.stringify(wordsOf(decision)) })
    if (decision.kind === 'allow') await this.#settle(scope, id)
  }

  #judge(scope: MemberScope, decision: Decision, atMs: number): string | undefined {
    if (scope === planMember) return this.#books.judge(decision, atMs)
    if (decision.kind === 'allow') return undefined
    const needed = decision.denial.neededNanos ?? 0n
    return this.#books.roomNanos(atMs) >= needed ? 'denied falsely' : undefined
  }

  async #settle(scope: MemberScope, id: AuthorizeRequest['holdId']): Promise<void> {
    const output = 1 + this.#dice(120)
    await this.#open().update(scope, (account, context) => {
      const settlement = {
        holdId: id,
        usage: { output },
        marks: [],
        isEstimate: true,
        upstreamRequestId: null,
      }
      const { draft } = settleHold(account, settlement, context)
      return {
        answer: undefined,
        entries: draft === null ? [] : [{ ...draft, memberId: scope.memberId }],
      }
    })
  }

  #asked(id: AuthorizeRequest['holdId']): AuthorizeRequest {
    return {
      holdId: id,
      bootId: this.#open().bootId,
      keyId: null,
      facts: {
        model: 'model',
        priceId: price.id,
        inputTokensExpected: 0,
        inputTokensMax: 0,
        maxTokens: 100,
        isThinking: false,
        consent: 'allow',
      },
      holdMaxMs: hourMs,
      customerRunningCount: 0,
    }
  }

  async #topUp(): Promise<void> {
    this.#count += 1
    const id = grantId(`g${this.#count}`)
    const lifeMs = this.#pick([null, hourMs, dayMs, 5 * dayMs, 30 * dayMs])
    await this.#open().updateCustomer(acme, ({ customer }, context) => {
      const expiresAtMs = lifeMs === null ? null : context.nowMs + lifeMs
      const terms = { grantId: id, origin: 'gift', priority: 20, amountNanos: 400n } as const
      return { answer: undefined, entries: [grant(customer, { ...terms, expiresAtMs }, context)] }
    })
  }

  /** Takes new entries in, and checks that time goes one way. */
  async #look(): Promise<void> {
    const storage = this.#open()
    for (;;) {
      const entries = await storage.entries({ customerId: acme, afterPosition: this.#read })
      for (const entry of entries) this.#books.follow(entry)
      const last = entries.at(-1)
      if (last === undefined) break
      this.#read = last.position
    }
    const nowMs = storage.recordNowMs()
    if (nowMs < this.#lastMs) this.#tally.broken.push('time stepped back without a correction')
    this.#lastMs = nowMs
  }

  /** Everything is recomputed: sums, chains, and each decision as it was made. */
  async #end(): Promise<void> {
    const storage = this.#open()
    const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'campaign' })
    this.#tally.lost.push(...faults, ...drifts.map(({ where, field }) => `${where}: ${field}`))
    for (const { position, atMs, scope, kind } of this.#decided.slice(-12)) {
      const account = await storage.accountAt(scope, position)
      const { decision } = decide(account, this.#asked(holdId('again')), { nowMs: atMs, position })
      if (JSON.stringify(wordsOf(decision)) !== kind) {
        this.#tally.broken.push(`a decision at ${position} is not made again alike`)
      }
    }
  }

  async #furnish(): Promise<void> {
    const storage = this.#open()
    await storage.updateSystem((_system, context) => ({
      answer: undefined,
      entries: [publishPrice(price, context)],
    }))
    const credit = { id: 'credit', amountNanos: 70n, every: 'month' } as const
    const unlimited = { ...planOf('none', [this.#limit('nothing', null)]), grants: [credit] }
    for (const plan of [this.#plan, unlimited]) {
      await storage.updateSystem((system, context) => {
        const draft = publishPlan(system, plan, context)
        return { answer: undefined, entries: draft === undefined ? [] : [draft] }
      })
    }
    await storage.updateCustomer(acme, (_state, context) => {
      const terms = {
        zone: this.#zone,
        isExtraUsageOn: true,
        cap: { kind: 'capped', amountNanos: capNanos },
        overrunMaxNanos: 1_000_000n,
        isStrict: false,
        runningMax: 100,
      } as const
      return { answer: undefined, entries: [openCustomer(terms, context)] }
    })
    for (const [scope, plan] of [
      [planMember, 'plan'],
      [walletMember, 'none'],
    ] as const) {
      await storage.update(scope, (account, context) => {
        const draft = seatMember(account, { planId: planId(plan) }, context)
        return { answer: undefined, entries: [{ ...draft, memberId: scope.memberId }] }
      })
    }
    await this.#topUp()
  }

  #limit(id: string, shape: Limit['shapes'][number]['shape'] | null): Limit {
    const amount = shape === null ? 0n : BigInt(100 + 100 * this.#dice(10))
    const own = shape ?? { kind: 'session', lengthMs: hourMs }
    return { id: limitId(id), unit: 'money', amount, shapes: [{ sinceMs: 0, shape: own }] }
  }

  #pick<T>(list: readonly T[]): T {
    const picked = list[this.#dice(list.length)]
    if (picked === undefined) throw new Error('Nothing to pick from')
    return picked
  }

  #open(): Storage {
    if (this.#storage === undefined) throw new Error('The history has not begun')
    return this.#storage
  }
}

const planOf = (id: string, limits: readonly Limit[]): Plan => ({
  id: planId(id),
  version: 1,
  name: id,
  priceNanos: null,
  limits,
  grants: [],
  runningMax: 100,
  outputTokensExpected: 60,
})

const wordsOf = (decision: Decision): unknown =>
  decision.kind === 'allow'
    ? decision.allowance.source
    : [decision.denial.reason, decision.denial.extraUsageReason, decision.denial.retryAtMs]
