import type {
  Account,
  AutoReload,
  CustomerState,
  LimitException,
  SpendCap,
  SystemState,
} from './account.ts'
import type { EntryDraft, GrantTerms, Leg, Pin } from './entry.ts'
import type { Moment } from './figures.ts'
import type { GrantId, KeyId, LimitId, PlanId } from './ids.ts'
import type { DueGrant } from './included-grant.ts'
import type { Nanos } from './money.ts'
import type { Limit, Plan, WindowShape } from './plan.ts'
import type { Price, Unit } from './usage.ts'
import { pinnedAt, windowsToKeep } from './pinned-windows.ts'
import { expiryLegs, grantAvailableNanos } from './wallet.ts'
import { firstAhead, runningInstance, withShape } from './window.ts'

/**
 * The explicit commands: what a person or the operator's tools may change. Each returns the entry to
 * write; only `setExtraUsage` touches the switch (O4), and nothing else touches money settings.
 */

/** Burn order of grants by where they come from: included credit first, bought money last. */
export const grantPriorities = { included: 10, gift: 20, top_up: 50, auto_reload: 50 } as const

type Terms = {
  readonly zone: string
  readonly isExtraUsageOn: boolean
  readonly cap: SpendCap
  readonly overrunMaxNanos: Nanos
  readonly isStrict: boolean
  readonly runningMax: number
}

const draft = (
  moment: Moment,
  body: EntryDraft['body'],
  legs: readonly Leg[] = [],
): EntryDraft => ({
  atMs: moment.nowMs,
  legs,
  body,
})

export function openCustomer(terms: Terms, moment: Moment): EntryDraft {
  return draft(moment, { kind: 'customer_opened', ...terms })
}

/** Seats a member on a plan, or moves it to another: running instances stay as they were shown (D16, W1). */
export function seatMember(
  account: Account,
  command: { readonly planId: PlanId },
  moment: Moment,
): EntryDraft {
  const old = account.system.plans.get(account.member.planId)
  const pins: Pin[] = []
  for (const limit of account.member.isSeated ? (old?.limits ?? []) : []) {
    const running = runningInstance(limit, account.member, moment.nowMs)
    if (running === undefined) continue
    const { startMs, endMs } = running
    pins.push({ limitId: limit.id, unit: limit.unit, startMs, endMs })
  }
  const kept = windowsToKeep(account, pins, moment.nowMs)
  const { planId } = command
  const body = { kind: 'member_seated', planId, pins } as const
  return draft(moment, kept === undefined ? body : { ...body, kept })
}

export function issueKey(
  command: { readonly keyId: KeyId; readonly keyHash: string },
  moment: Moment,
): EntryDraft {
  return draft(moment, { kind: 'key_issued', ...command })
}

export function revokeKey(command: { readonly keyId: KeyId }, moment: Moment): EntryDraft {
  return draft(moment, { kind: 'key_revoked', keyId: command.keyId })
}

type Scope = 'customer' | 'member'

export function setExtraUsage(
  command: { readonly scope: Scope; readonly isOn: boolean },
  moment: Moment,
): EntryDraft {
  return draft(moment, { kind: 'extra_usage_set', ...command })
}

export function setSpendCap(
  command: { readonly scope: Scope; readonly cap: SpendCap },
  moment: Moment,
): EntryDraft {
  return draft(moment, { kind: 'spend_cap_set', ...command })
}

export function setStatus(
  command: { readonly scope: Scope; readonly isActive: boolean },
  moment: Moment,
): EntryDraft {
  return draft(moment, { kind: 'status_set', ...command })
}

/**
 * Gives a member another amount of one limit, or takes that back. It counts at once like a change of the plan's
 * amount, and touches no window.
 */
export function exceptLimit(
  command: {
    readonly limitId: LimitId
    readonly unit: Unit
    readonly exception: LimitException | null
  },
  moment: Moment,
): EntryDraft {
  return draft(moment, { kind: 'limit_excepted', ...command })
}

export function setAutoReload(
  command: { readonly setting: AutoReload },
  moment: Moment,
): EntryDraft {
  return draft(moment, { kind: 'auto_reload_set', ...command })
}

export function setStandingOrder(
  command: { readonly monthMaxNanos: Nanos },
  moment: Moment,
): EntryDraft {
  return draft(moment, { kind: 'standing_order_set', ...command })
}

/** Adds money or credit to the wallet. The amount must be positive; callers check it at their edge. */
export function grant(customer: CustomerState, terms: GrantTerms, moment: Moment): EntryDraft {
  return draft(moment, { kind: 'granted', grant: terms }, [
    ...expiryLegs(customer, moment.nowMs),
    grantLeg(terms),
  ])
}

function grantLeg(terms: GrantTerms): Leg {
  const from = { top_up: 'payments', auto_reload: 'payments', gift: 'gifts', included: 'plan' }
  return {
    from: from[terms.origin],
    to: `grant:${terms.grantId}:available`,
    amount: terms.amountNanos,
  }
}

/** Posts an included grant that the plan owes; that it is owed once per month is for `dueGrants` to see. */
export function postIncludedGrant(account: Account, due: DueGrant, moment: Moment): EntryDraft {
  const terms: GrantTerms = {
    // The lengths keep plan, grant and member apart: underscores and dots may stand in each of them.
    grantId: due.grantId,
    origin: 'included',
    priority: grantPriorities.included,
    expiresAtMs: due.expiresAtMs,
    amountNanos: due.grant.amountNanos,
  }
  const { id, monthStartMs } = due
  return draft(moment, { kind: 'granted', grant: terms, included: { id, monthStartMs } }, [
    ...expiryLegs(account.customer, moment.nowMs),
    grantLeg(terms),
  ])
}

/** Gives back the available part of a grant; undefined when there is nothing to give back. */
export function refundGrant(
  customer: CustomerState,
  command: { readonly grantId: GrantId },
  moment: Moment,
): EntryDraft | undefined {
  const known = customer.grants.get(command.grantId)
  const amount = known === undefined ? 0n : grantAvailableNanos(known, moment.nowMs)
  if (known === undefined || amount <= 0n) return undefined
  const account = `grant:${known.grantId}`
  return draft(moment, { kind: 'refunded', grantId: known.grantId }, [
    ...expiryLegs(customer, moment.nowMs),
    { from: `${account}:available`, to: `${account}:refunded`, amount },
  ])
}

/**
 * A gifted reset: credits what the running instance has used, and moves none of its bounds (W4).
 * Undefined when no instance runs or nothing was used.
 */
export function creditWindow(
  account: Account,
  command: { readonly limitId: LimitId },
  moment: Moment,
): EntryDraft | undefined {
  const instance = pinnedAt(account.member, command.limitId, moment.nowMs).latest
  if (instance === undefined || moment.nowMs >= instance.endMs || instance.used <= 0n)
    return undefined
  const { limitId, startMs, unit, used } = instance
  return draft(moment, { kind: 'window_credited', limitId, startMs }, [
    { from: `window:${limitId}:${startMs}:used`, to: 'plan', amount: used, unit },
  ])
}

export function publishPrice(price: Price, moment: Moment): EntryDraft {
  return draft(moment, { kind: 'price_published', price })
}

export class PlanChangeError extends Error {
  readonly code = 'plan_change_invalid'
}

/**
 * The next version of a plan. Amounts count at once; a changed shape is remembered with its moment, so
 * that it counts from the next instance only. Undefined when nothing changed. A limit keeps its unit for
 * good in all plans: members carry their used amounts from plan to plan.
 */
export function publishPlan(
  system: SystemState,
  asked: Plan,
  moment: Moment,
): EntryDraft | undefined {
  for (const { id, unit } of asked.limits) {
    const known = system.limitUnits.get(id)
    if (known !== undefined && known !== unit) {
      throw new PlanChangeError(
        `Limit "${id}" has counted ${known} before; give the limit in plan "${asked.id}" another id to count ${unit}`,
      )
    }
  }
  const old = system.plans.get(asked.id)
  const limits = asked.limits.map((limit) => withHistory(limit, old, moment))
  const plan: Plan = { ...asked, version: (old?.version ?? 0) + 1, limits }
  if (isSamePlan(old, plan)) return undefined
  return draft(moment, { kind: 'plan_published', plan })
}

/**
 * Changes that were in force are kept for a clock that goes back; before so many its own instances have ended. What
 * still waits for an instance to end is one change at most, however many were asked for.
 */
const shapesKeptMax = 16

const newestShape = ({ shapes }: Limit): WindowShape | undefined => shapes.at(-1)?.shape

/** Whether a limit has this shape already, and not only once a moment comes that a wrong clock was ahead to. */
function isShapeKept(limit: Limit, shape: WindowShape, nowMs: number): boolean {
  const isAhead = firstAhead(limit.shapes, nowMs) !== -1
  return !isAhead && JSON.stringify(newestShape(limit)) === JSON.stringify(shape)
}

function withHistory(limit: Limit, old: Plan | undefined, moment: Moment): Limit {
  const before = old?.limits.find((other) => other.id === limit.id)
  const shape = newestShape(limit)
  if (shape === undefined) throw new PlanChangeError(`Limit "${limit.id}" has no window`)
  if (before === undefined) return { ...limit, shapes: [{ sinceMs: 0, shape }] }
  if (isShapeKept(before, shape, moment.nowMs)) return { ...limit, shapes: before.shapes }
  const shapes = withShape(before.shapes, { sinceMs: moment.nowMs, shape })
  return { ...limit, shapes: shapes.slice(-shapesKeptMax) }
}

function isSamePlan(old: Plan | undefined, next: Plan): boolean {
  const text = (plan: Plan | undefined): string =>
    JSON.stringify({ ...plan, version: 0 }, (_key, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    )
  return text(old) === text(next)
}
