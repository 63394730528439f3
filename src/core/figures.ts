import type { Account, CustomerState, MemberState, WindowLeg } from './account.ts'
import { reloadState } from './auto-reload.ts'
import type { AutoReloadFigures, ExtraUsageFigures, Figures, LimitFigures } from './decision.ts'
import { entitledAmount, exceptionInForce, isBelow } from './entitlement.ts'
import type { Nanos } from './money.ts'
import { reloadMonth } from './month-sums.ts'
import { pinnedAt } from './pinned-windows.ts'
import type { Limit } from './plan.ts'
import type { Amounts } from './usage.ts'
import { availableNanos, spendMonth, spentNanos } from './wallet.ts'
import { runningInstance, windowKind } from './window.ts'

export type Moment = {
  readonly nowMs: number
  /** Of the last entry that was read. */
  readonly position: number
  /** That the next entry will get, where other accounts may have written in between. */
  readonly nextPosition?: number
}

/**
 * What is left, as everybody sees it: page, headers, command line and refusals show these same numbers,
 * read at one journal position and moment (D18).
 */
export function figuresOf(account: Account, moment: Moment): Figures {
  const { customer, member, system } = account
  const plan = system.plans.get(member.planId)
  return {
    customerId: customer.customerId,
    memberId: member.memberId,
    position: moment.position,
    atMs: moment.nowMs,
    planName: plan?.name ?? member.planId,
    limits: (plan?.limits ?? []).map((limit) => limitFigures(limit, member, moment.nowMs)),
    extraUsage: extraUsageFigures(account, moment.nowMs),
    runningCount: member.holds.size,
    runningMax: plan?.runningMax ?? 0,
  }
}

export function limitFigures(limit: Limit, member: MemberState, nowMs: number): LimitFigures {
  const running = runningInstance(limit, member, nowMs)
  const pinned = pinnedAt(member, limit.id, nowMs).latest
  const isPinned =
    pinned !== undefined && running !== undefined && pinned.startMs === running.startMs
  return {
    limitId: limit.id,
    windowKind: windowKind(limit),
    unit: limit.unit,
    used: isPinned ? pinned.used : 0n,
    held: isPinned ? pinned.held : 0n,
    amount: entitledAmount(limit, member, nowMs),
    exception: exceptionFigures(limit, member, nowMs),
    startMs: running?.startMs ?? null,
    resetMs: running?.endMs ?? null,
    models: limit.models ?? null,
  }
}

/**
 * From a moment on, the first at which a limit as it was shown has room if only time passes; infinite where time does
 * not help. It knows what was shown, and so no instance behind the next reset that a wrong clock has used up.
 */
export function roomAgainMs(limit: LimitFigures, fromMs: number): number {
  const { used, held, resetMs, exception } = limit
  const untilMs = exception?.untilMs ?? null
  const momentsMs = [fromMs, resetMs ?? 0, untilMs ?? 0].filter((ms) => ms >= fromMs)
  for (const atMs of momentsMs.toSorted((left, right) => left - right)) {
    const isOver = exception !== null && untilMs !== null && untilMs <= atMs
    const counted = resetMs !== null && resetMs <= atMs ? 0n : used + held
    if (isBelow(counted, isOver ? exception.planAmount : limit.amount)) return atMs
  }
  return Infinity
}

function exceptionFigures(
  limit: Limit,
  member: MemberState,
  nowMs: number,
): LimitFigures['exception'] {
  const exception = exceptionInForce(member, limit.id, nowMs)
  return exception === undefined ? null : { planAmount: limit.amount, untilMs: exception.untilMs }
}

function extraUsageFigures({ customer, member }: Account, nowMs: number): ExtraUsageFigures {
  return {
    isOnForCustomer: customer.extraUsage.isOn,
    isOnForMember: member.extraUsage.isOn,
    balanceNanos: availableNanos(customer, nowMs) + customer.heldNanos,
    heldNanos: customer.heldNanos,
    spentNanos: spentNanos(customer, nowMs),
    capNanos: customer.cap.kind === 'capped' ? customer.cap.amountNanos : null,
    memberSpentNanos: spentNanos(member, nowMs),
    memberHeldNanos: member.heldNanos,
    memberCapNanos: member.cap.kind === 'capped' ? member.cap.amountNanos : null,
    capResetMs: spendMonth(customer, customer.zone, nowMs).endMs,
    autoReload: autoReloadFigures(customer, nowMs),
  }
}

export function autoReloadFigures(customer: CustomerState, nowMs: number): AutoReloadFigures {
  const { autoReload: setting, standingOrderNanos } = customer
  const state = reloadState(customer, nowMs)
  const { count: reloadCount, reloadedNanos, endMs } = reloadMonth(customer, nowMs)
  const stop = state.kind === 'stopped' ? { reason: state.reason, sinceMs: state.sinceMs } : null
  return {
    setting,
    state: state.kind,
    stop,
    reloadedNanos,
    reloadCount,
    monthEndMs: endMs,
    standingOrderNanos,
  }
}

/** What a hold will have changed once its entry is in the journal. */
export type PlacedHold = {
  readonly windowLegs: readonly WindowLeg[]
  readonly amounts: Amounts
  readonly walletNanos: Nanos
}

/** The figures just after a hold, at its own position: what the next reader will see (D18). */
export function figuresAfterHold(account: Account, moment: Moment, hold: PlacedHold): Figures {
  const before = figuresOf(account, moment)
  const { extraUsage } = before
  return {
    ...before,
    position: moment.nextPosition ?? moment.position + 1,
    limits: before.limits.map((limit) => {
      const leg = hold.windowLegs.find((one) => one.limitId === limit.limitId)
      if (leg === undefined) return limit
      const { startMs, endMs, unit } = leg
      return { ...limit, startMs, resetMs: endMs, held: limit.held + hold.amounts[unit] }
    }),
    extraUsage: {
      ...extraUsage,
      heldNanos: extraUsage.heldNanos + hold.walletNanos,
      memberHeldNanos: extraUsage.memberHeldNanos + hold.walletNanos,
    },
    runningCount: before.runningCount + 1,
  }
}
