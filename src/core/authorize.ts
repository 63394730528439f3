import type { Account, CustomerState, GrantLeg, HoldSource, WindowLeg } from './account.ts'
import { denyPlan, denySimply, type Obstacles } from './denial.ts'
import type { AuthorizeRequest, Decision } from './decision.ts'
import type { EntryDraft, KeptWindows, Leg } from './entry.ts'
import { isBelow } from './entitlement.ts'
import { forecast, type Forecast } from './expected-cost.ts'
import { figuresAfterHold, limitFigures, type Moment } from './figures.ts'
import type { Nanos } from './money.ts'
import { windowsToKeep } from './pinned-windows.ts'
import { appliesTo, type Limit, type Plan } from './plan.ts'
import { isFree, type Amounts, type Price } from './usage.ts'
import { expiryLegs, takeAvailable } from './wallet.ts'
import { admittingInstance, monthBounds, utcZone } from './window.ts'
import { extraUsageObstacle } from './extra-usage.ts'

/**
 * The gate (DESIGN, "Authorize, in this order"): key and member, price, running limit, plan, extra usage,
 * reserved or denied. Pure: the same account, request and moment always give the same answer, which is
 * what lets `explain` decide again. A refusal has no draft, so it changes nothing (R5).
 */
export type Decided = { readonly decision: Decision; readonly draft: EntryDraft | null }

export function decide(account: Account, request: AuthorizeRequest, moment: Moment): Decided {
  const { customer, member, system } = account
  const plan = system.plans.get(member.planId)
  const deny = (reason: Parameters<typeof denySimply>[1]): Decided => ({
    decision: { kind: 'deny', denial: denySimply({ account, request, moment }, reason) },
    draft: null,
  })
  if (!customer.isOpen || !customer.isActive) return deny('customer_inactive')
  if (!member.isSeated || !member.isActive || plan === undefined) return deny('member_inactive')
  const price = system.prices.get(request.facts.priceId)
  if (price === undefined) return deny('model_unpriced')
  if (member.holds.size >= plan.runningMax) return deny('running_limit')
  if (request.customerRunningCount >= customer.runningMax) return deny('running_limit')

  const expected = forecast({ member, plan, price }, request.facts)
  const asked: Asked = { account, request, moment, plan, price, expected }
  if (isFree(price)) return allow(asked, { source: 'free', amounts: expected.expected, legs: [] })
  return decideOnLimits(asked)
}

type Asked = {
  readonly account: Account
  readonly request: AuthorizeRequest
  readonly moment: Moment
  readonly plan: Plan
  readonly price: Price
  readonly expected: Forecast
}

function decideOnLimits(asked: Asked): Decided {
  const { account, request, moment, plan } = asked
  const limits = plan.limits.filter((limit) => appliesTo(limit, request.facts.model))
  const closed = limits.filter((limit) => !hasRoom(limit, asked))
  if (closed.length === 0) return allowFromPlan(asked, limits)

  const { nowMs } = moment
  const reservedNanos = account.customer.overrunReservedNanos
  const hold = extraUsageHold(asked, { reservedNanos, nowMs })
  const needs = { account, consent: request.facts.consent, moment }
  const obstacle = extraUsageObstacle(needs, hold.heldNanos)
  if (obstacle === null) return allowFromWallet(asked, hold)

  const alone = extraUsageHold(asked, { reservedNanos: 0n, nowMs })
  const wouldPassAlone =
    limits.every((limit) => hasRoom(limit, asked, { isIgnoringHolds: true })) ||
    extraUsageObstacle({ ...needs, isIgnoringHolds: true }, alone.heldNanos) === null
  const obstacles: Obstacles = {
    limits,
    closed,
    extraUsageReason: obstacle,
    neededNanos: hold.heldNanos,
    neededLaterNanos: (atMs) => extraUsageHold(asked, { reservedNanos: 0n, nowMs: atMs }).heldNanos,
    isReserved: wouldPassAlone,
  }
  return { decision: { kind: 'deny', denial: denyPlan(asked, obstacles) }, draft: null }
}

function hasRoom(
  limit: Limit,
  asked: Asked,
  { isIgnoringHolds = false }: { readonly isIgnoringHolds?: boolean } = {},
): boolean {
  const { member } = asked.account
  const { used, held, amount } = limitFigures(limit, member, asked.moment.nowMs)
  return isBelow(isIgnoringHolds ? used : used + held, amount)
}

function allowFromPlan(asked: Asked, limits: readonly Limit[]): Decided {
  const { account, moment } = asked
  const amounts = asked.expected.expected
  const pins = limits.map((limit) => ({
    limitId: limit.id,
    unit: limit.unit,
    ...admittingInstance(limit, account.member, moment.nowMs),
  }))
  const windowLegs = pins.map(({ isOpening: _isOpening, ...leg }): WindowLeg => leg)
  const kept = windowsToKeep(account, pins, moment.nowMs)
  // What costs nothing of a unit is admitted by its limits, counted among those that run, and moves nothing.
  const legs = windowLegs
    .filter(({ unit }) => amounts[unit] > 0n)
    .map(({ limitId, unit, startMs }) => ({
      from: 'plan',
      to: `window:${limitId}:${startMs}:held`,
      amount: amounts[unit],
      unit,
    }))
  return allow(asked, { source: 'plan', amounts, legs, windowLegs, kept })
}

type WalletHold = { readonly heldNanos: Nanos; readonly reserveNanos: Nanos }

/**
 * The expected cost, with (worst case - hold) kept of the operator's overrun allowance; past that
 * allowance, or where the customer is strict, the worst case and nothing kept.
 */
function extraUsageHold(
  asked: Asked,
  { reservedNanos, nowMs }: { readonly reservedNanos: Nanos; readonly nowMs: number },
): WalletHold {
  const { customer } = asked.account
  const expectedNanos = asked.expected.expected.money
  const worstNanos = asked.expected.worst.money
  const reserveNanos = worstNanos - expectedNanos
  const booked = bookedOverrunNanos(customer, nowMs)
  if (customer.isStrict || booked + reservedNanos + reserveNanos > customer.overrunMaxNanos) {
    return { heldNanos: worstNanos, reserveNanos: 0n }
  }
  return { heldNanos: expectedNanos, reserveNanos }
}

function bookedOverrunNanos(customer: CustomerState, nowMs: number): Nanos {
  const { overrun, overrunBefore } = customer
  const { startMs } = monthBounds(utcZone, nowMs)
  if (overrun === null || overrun.startMs === startMs) return overrun?.bookedNanos ?? 0n
  return overrunBefore.find((month) => month.startMs === startMs)?.bookedNanos ?? 0n
}

function allowFromWallet(asked: Asked, hold: WalletHold): Decided {
  const { customer } = asked.account
  const { nowMs } = asked.moment
  const grantLegs = takeAvailable(customer, hold.heldNanos, nowMs)
  const legs: Leg[] = [...expiryLegs(customer, nowMs)]
  for (const { grantId, amount } of grantLegs) {
    legs.push({ from: `grant:${grantId}:available`, to: `grant:${grantId}:held`, amount })
  }
  const amounts = { ...asked.expected.expected, money: hold.heldNanos }
  const { reserveNanos } = hold
  return allow(asked, { source: 'extra_usage', amounts, legs, grantLegs, reserveNanos })
}

type Placement = {
  readonly source: HoldSource
  readonly amounts: Amounts
  readonly legs: readonly Leg[]
  readonly windowLegs?: readonly WindowLeg[]
  readonly kept?: KeptWindows | undefined
  readonly grantLegs?: readonly GrantLeg[]
  readonly reserveNanos?: Nanos
}

function allow(asked: Asked, placement: Placement): Decided {
  const { account, request, moment, expected } = asked
  const { source, amounts, windowLegs = [], kept } = placement
  const expiresAtMs = moment.nowMs + request.holdMaxMs
  const draft: EntryDraft = {
    atMs: moment.nowMs,
    legs: placement.legs,
    body: {
      kind: 'held',
      holdId: request.holdId,
      bootId: request.bootId,
      keyId: request.keyId,
      source,
      facts: request.facts,
      bucket: expected.bucket,
      amounts,
      expected: expected.expected,
      worstNanos: expected.worst.money,
      windowLegs,
      ...(kept === undefined ? {} : { kept }),
      grantLegs: placement.grantLegs ?? [],
      overrunReserveNanos: placement.reserveNanos ?? 0n,
      expiresAtMs,
    },
  }
  const walletNanos = source === 'extra_usage' ? amounts.money : 0n
  const figures = figuresAfterHold(account, moment, { windowLegs, amounts, walletNanos })
  const allowance = { holdId: request.holdId, source, heldNanos: walletNanos, expiresAtMs, figures }
  return { decision: { kind: 'allow', allowance }, draft }
}
