import type { AutoReload, LimitException } from '../../src/core/account.ts'
import {
  bookReload,
  refuseReload,
  reloadState,
  standingOrderRefusal,
} from '../../src/core/auto-reload.ts'
import {
  creditWindow,
  exceptLimit,
  grant,
  openCustomer,
  publishPlan,
  publishPrice,
  refundGrant,
  seatMember,
  setAutoReload,
  setExtraUsage,
  setSpendCap,
  setStandingOrder,
  setStatus,
} from '../../src/core/commands.ts'
import { correctedMs, jumpsLeft } from '../../src/core/clock-jumps.ts'
import type { AuthorizeRequest, Decision, Figures } from '../../src/core/decision.ts'
import { bootId, grantId, type GrantId, holdId, type HoldId } from '../../src/core/ids.ts'
import type { Limit, Plan } from '../../src/core/plan.ts'
import type { SettleAnswer } from '../../src/core/settle.ts'
import type { Usage } from '../../src/core/usage.ts'
import { CoreWorld } from './core-world.ts'
import { type AuthorizeStep, memberCount, prices, type Setting, type Step } from './world.ts'

const dayMs = 24 * 3_600_000
export const members = Array.from({ length: memberCount }, (_, i) => i)

/** Picks the `pick`-th from the end, going round. */
function picked<T>(list: readonly T[], pick: number): T | undefined {
  return list.length === 0 ? undefined : list[list.length - 1 - (pick % list.length)]
}

type GrantTerms = {
  readonly id: GrantId
  readonly amount: bigint
  readonly priority: number
  readonly expiresAtMs: number | null
}
type OnHold = { readonly member: number; readonly id: HoldId }
type Metered = { readonly usage: Usage; readonly marks: readonly string[] }

/** A step with its picks resolved: what exactly is done, to whom. */
export type Command =
  | { kind: 'authorize'; member: number; request: AuthorizeRequest }
  | ({ kind: 'settle'; isEstimate: boolean } & OnHold & Metered)
  | ({ kind: 'grow' } & OnHold & Metered)
  | ({ kind: 'void' | 'expire' } & OnHold)
  | Extract<Step, { kind: 'switch' | 'cap' | 'status' }>
  | ({ kind: 'grant' } & GrantTerms)
  | { kind: 'refund'; id: GrantId }
  | { kind: 'auto_reload'; setting: AutoReload }
  | { kind: 'order'; monthMax: bigint }
  /** Somebody looks whether a reload is needed. */
  | { kind: 'reload'; id: GrantId }
  | { kind: 'credit'; member: number; limit: Limit }
  | { kind: 'except'; member: number; limit: Limit; exception: LimitException | null }
  | { kind: 'seat'; member: number; plan: Plan }
  | { kind: 'publish'; plan: Plan }

/** A story as it happens to one customer on the core. */
export class CoreStory {
  /** How far the clock is ahead by jumps that were wrong. */
  aheadMs = 0
  /** How many such jumps a correction would undo now, whole or what is left of them. */
  jumpCount = 0
  /** How many corrections there were, and how many jumps the last one did not touch. */
  corrections = { count: 0, wholeJumps: 0 }
  readonly core = new CoreWorld(memberCount)
  nowMs: number
  /** What the last step was a request for, what its member saw before, and how it was decided. */
  asked: { request: AuthorizeRequest; member: number; before: Figures; decision: Decision } | null =
    null
  /** What the last step settled, with the money held for it and what its member saw before. */
  settled: { heldNanos: bigint; before: Figures; answer: SettleAnswer } | null = null
  private readonly holdMaxMs: number
  private count = 0

  constructor(setting: Setting) {
    this.nowMs = setting.startMs
    this.holdMaxMs = setting.holdMaxMs
    const moment = this.core.moment(this.nowMs)
    for (const price of prices) this.core.write(null, publishPrice(price, moment))
    const { zone, isOn: isExtraUsageOn, cap, overrunMax: overrunMaxNanos } = setting
    const { isStrict, runningMax } = setting
    const terms = { zone, isExtraUsageOn, cap, overrunMaxNanos, isStrict, runningMax }
    this.core.write(null, openCustomer(terms, moment))
  }

  /** What every story begins with: plans, seats, and money in the wallet. */
  begin({ plans, grants, autoReload, order }: Setting): void {
    for (const plan of plans) this.perform({ kind: 'publish', plan })
    for (const member of members) this.take({ kind: 'seat', member, pick: member })
    if (order > 0n) this.take({ kind: 'order', monthMax: order })
    if (autoReload !== null) this.take({ kind: 'auto_reload', setting: autoReload })
    for (const [amount, priority] of grants) {
      if (amount > 0n) this.take({ kind: 'grant', amount, priority, expiresInMs: null })
    }
  }

  take(step: Step): void {
    this.asked = null
    this.settled = null
    if (step.kind === 'advance') this.nowMs += step.byMs
    else if (step.kind === 'jump') this.jump(step.byMs)
    else if (step.kind === 'correct') this.correct(step.percentLeft)
    else if (step.kind === 'advance_to') {
      this.nowMs = Math.max(this.nowMs, this.nextEnd(step.pick) + step.besideMs)
    } else {
      const command = this.resolve(step)
      if (command !== undefined) this.perform(command)
    }
  }

  /** The clock of record follows a wrong wall clock. */
  private jump(byMs: number): void {
    const [fromMs, toMs] = [this.nowMs, this.nowMs + byMs]
    this.nowMs = toMs
    this.aheadMs += byMs
    this.jumpCount += 1
    const body = { kind: 'clock_adopted', fromMs, toMs, cause: 'operator' } as const
    this.core.write(null, { atMs: toMs, legs: [], body })
  }

  /** And back, once somebody has noticed; after some weeks there is no way back. */
  private correct(percentLeft: number): void {
    const { nowMs: fromMs, core } = this
    const rightMs = fromMs - this.aheadMs
    const isAll = this.jumpCount > core.system.jumps.length
    const wrongMs = isAll ? 0 : Math.floor((this.aheadMs * percentLeft) / 100)
    const jumps = [...core.system.jumps]
    const clocks = { nowMs: fromMs, wallMs: rightMs + wrongMs }
    const toMs = this.aheadMs === 0 ? undefined : correctedMs(jumps, clocks)
    const left = toMs === undefined ? [] : jumpsLeft(jumps, { fromMs, toMs })
    // Older ones that no correction can undo any more are still among them.
    const standing = toMs === undefined ? 0 : jumps.length - this.jumpCount
    const wholeJumps = left.filter((jump) => jumps.includes(jump)).length - standing
    this.corrections = { count: this.corrections.count + 1, wholeJumps: Math.max(0, wholeJumps) }
    this.jumpCount = Math.max(0, left.length - standing)
    this.aheadMs = toMs === undefined || this.jumpCount === 0 ? 0 : toMs - rightMs
    if (toMs === undefined) return
    this.nowMs = toMs
    this.core.write(null, {
      atMs: toMs,
      legs: [],
      body: { kind: 'clock_corrected', fromMs, toMs },
    })
  }

  protected perform(command: Command): void {
    const { core, nowMs } = this
    switch (command.kind) {
      case 'authorize': {
        const { member, request } = command
        const before = core.figures(member, nowMs)
        this.asked = { member, request, before, decision: core.authorize(member, request, nowMs) }
        return
      }
      case 'settle': {
        const open = core.member(command.member).holds.get(command.id)
        const heldNanos = open?.source === 'extra_usage' ? open.amounts.money : 0n
        const before = core.figures(command.member, nowMs)
        this.settled = { heldNanos, before, answer: core.settle(command.id, command, nowMs) }
        return
      }
      case 'grow':
        return core.grow(command.id, command, nowMs)
      case 'void':
        return core.void(command.id, nowMs)
      case 'expire':
        return core.expire(command.id, nowMs)
      default:
        this.write(command)
    }
  }

  private write(
    command: Exclude<Command, { kind: 'authorize' | 'settle' | 'grow' | 'void' | 'expire' }>,
  ): void {
    const { core } = this
    const moment = core.moment(this.nowMs)
    const scope = 'who' in command && command.who !== null ? 'member' : 'customer'
    switch (command.kind) {
      case 'switch':
        return core.write(command.who, setExtraUsage({ scope, isOn: command.isOn }, moment))
      case 'cap':
        return core.write(command.who, setSpendCap({ scope, cap: command.cap }, moment))
      case 'status':
        return core.write(command.who, setStatus({ scope, isActive: command.isActive }, moment))
      case 'grant': {
        const { id, amount: amountNanos, priority, expiresAtMs } = command
        const terms = { grantId: id, origin: 'top_up' as const, amountNanos, priority, expiresAtMs }
        return core.write(null, grant(core.customer, terms, moment))
      }
      case 'auto_reload':
        return core.write(null, setAutoReload({ setting: command.setting }, moment))
      case 'order':
        return core.write(null, setStandingOrder({ monthMaxNanos: command.monthMax }, moment))
      case 'reload':
        return this.reload()
      case 'refund':
        return core.write(null, refundGrant(core.customer, { grantId: command.id }, moment))
      case 'credit': {
        const account = core.account(command.member)
        const limitId = command.limit.id
        return core.write(command.member, creditWindow(account, { limitId }, moment))
      }
      case 'except': {
        const { limit, exception } = command
        const terms = { limitId: limit.id, unit: limit.unit, exception }
        return core.write(command.member, exceptLimit(terms, moment))
      }
      case 'seat': {
        const account = core.account(command.member)
        const planId = command.plan.id
        return core.write(command.member, seatMember(account, { planId }, moment))
      }
      case 'publish':
        core.write(null, publishPlan(core.system, command.plan, moment))
    }
  }

  private reload(): void {
    const { core, nowMs } = this
    const moment = core.moment(nowMs)
    const state = reloadState(core.customer, nowMs)
    const need = state.kind === 'due' || state.kind === 'stopped' ? state.need : null
    if (need === null) return
    const asked = { need, method: 'operator_grant' } as const
    const reason = standingOrderRefusal(core.customer, need.amountNanos, nowMs)
    core.write(
      null,
      reason === null
        ? bookReload(core.customer, asked, moment)
        : refuseReload(core.customer, { ...asked, reason }, moment),
    )
  }

  private resolve(
    step: Exclude<Step, { kind: 'advance' | 'advance_to' | 'jump' | 'correct' }>,
  ): Command | undefined {
    const plans = [...this.core.system.plans.values()]
    switch (step.kind) {
      case 'authorize':
        return { kind: 'authorize', member: step.member, request: this.requestOf(step) }
      case 'settle':
      case 'grow':
      case 'void':
      case 'expire':
        return this.onHold(step)
      case 'switch':
      case 'cap':
      case 'status':
        return step
      case 'grant': {
        const { kind, amount, priority, expiresInMs } = step
        const expiresAtMs = expiresInMs === null ? null : this.nowMs + expiresInMs
        return { kind, id: grantId(`grant-${this.count++}`), amount, priority, expiresAtMs }
      }
      case 'auto_reload':
      case 'order':
        return step
      case 'reload': {
        // Named as the core names it.
        const state = reloadState(this.core.customer, this.nowMs)
        const need = state.kind === 'due' || state.kind === 'stopped' ? state.need : null
        const name = need === null ? 'none' : `reload_${need.month.startMs}_${need.number}`
        return { kind: 'reload', id: grantId(name) }
      }
      case 'refund': {
        const id = picked([...this.core.customer.grants.keys()], step.pick)
        return id && { kind: 'refund', id }
      }
      case 'credit': {
        const limit = this.limitOf(step)
        return limit && { kind: 'credit', member: step.member, limit }
      }
      case 'except': {
        const { member, lastsMs } = step
        const untilMs = lastsMs === null ? null : this.nowMs + lastsMs
        const limit = this.limitOf(step)
        const exception = step.amount === 'plan' ? null : { amount: step.amount, untilMs }
        return limit && { kind: 'except', member, limit, exception }
      }
      case 'seat': {
        const plan = picked(plans, step.pick)
        return plan && { kind: 'seat', member: step.member, plan }
      }
      case 'publish': {
        const plan = picked(plans, step.pick)
        return plan && { kind: 'publish', plan: { ...plan, limits: step.limits } }
      }
    }
  }

  private limitOf({ member, pick }: { readonly member: number; readonly pick: number }) {
    const { planId } = this.core.member(member)
    return picked(this.core.system.plans.get(planId)?.limits ?? [], pick)
  }

  private requestOf(step: AuthorizeStep): AuthorizeRequest {
    const { inputTokens, inputTokensMore, maxTokens, isThinking, consent } = step
    const [model, priceId] = step.model
    const facts = {
      model,
      priceId,
      maxTokens,
      isThinking,
      consent,
      inputTokensExpected: inputTokens,
      inputTokensMax: inputTokens + inputTokensMore,
    }
    return {
      holdId: holdId(`hold-${this.count++}`),
      bootId: bootId('boot-1'),
      keyId: null,
      holdMaxMs: this.holdMaxMs,
      customerRunningCount: this.core.openHolds().length,
      facts,
    }
  }

  private onHold(
    step: Extract<Step, { kind: 'settle' | 'grow' | 'void' | 'expire' }>,
  ): Command | undefined {
    const hold = picked(this.core.holdsByEnd(), step.pick)
    if (hold === undefined) return undefined
    const { member, id, expected } = hold
    if (step.kind !== 'settle') return { ...step, member, id }
    return { ...step, member, id, usage: step.usage ?? expected }
  }

  /** The moments ahead at which a window, month, grant or hold ends, or a late settle comes too late. */
  private nextEnd(pick: number): number {
    const utc = Temporal.Instant.fromEpochMilliseconds(this.nowMs).toZonedDateTimeISO('UTC')
    const month = utc.startOfDay().with({ day: 1 }).add({ months: 1 })
    const ends: (number | null)[] = [month.epochMilliseconds]
    for (const member of members) {
      const { limits, extraUsage } = this.core.figures(member, this.nowMs)
      ends.push(extraUsage.capResetMs, ...limits.map((limit) => limit.resetMs))
      for (const { untilMs } of this.core.member(member).exceptions.values()) ends.push(untilMs)
      for (const { expiresAtMs } of this.core.member(member).holds.values()) ends.push(expiresAtMs)
      for (const lost of this.core.member(member).lost.values()) ends.push(lost.expiredAtMs + dayMs)
    }
    for (const { expiresAtMs } of this.core.customer.grants.values()) ends.push(expiresAtMs)
    const ahead = ends.filter((endMs) => endMs !== null).filter((endMs) => endMs > this.nowMs)
    return (
      picked(
        ahead.toSorted((a, b) => b - a),
        pick,
      ) ?? this.nowMs
    )
  }
}
