import type { Account, MemberState } from './account.ts'
import type { AuthorizeRequest, Denial, ExtraUsageReason, Reason, Remedy } from './decision.ts'
import { reloadState } from './auto-reload.ts'
import { exceptionEndMs, isBelow } from './entitlement.ts'
import { extraUsageObstacle, extraUsageObstacles } from './extra-usage.ts'
import { figuresOf, limitFigures, type Moment } from './figures.ts'
import { dueGrants } from './included-grant.ts'
import type { Nanos } from './money.ts'
import type { Limit } from './plan.ts'
import { availableNanos, spendMonth } from './wallet.ts'
import { monthBounds, utcZone } from './window.ts'

/** Refusals as values: what binds, why extra usage did not help, what would help, and when. */
type Asked = {
  readonly account: Account
  readonly request: AuthorizeRequest
  readonly moment: Moment
}

/** A refusal before the plan was looked at. */
export function denySimply(
  asked: Asked,
  reason: Exclude<Reason, 'limit_reached' | 'reserved'>,
): Denial {
  const isPassing = reason === 'running_limit'
  return {
    reason,
    model: asked.request.facts.model,
    binding: [],
    extraUsageReason: null,
    neededNanos: null,
    remedies: [isPassing ? 'retry_shortly' : 'ask_operator'],
    retryAtMs: isPassing ? asked.moment.nowMs + reservedRetryMs : null,
    figures: figuresOf(asked.account, asked.moment),
  }
}

/** What a caller is told to wait when others in flight keep the rest; requests usually end within it. */
export const reservedRetryMs = 2000

export type Obstacles = {
  /** Every limit of the plan that applies to the request. */
  readonly limits: readonly Limit[]
  /** Those of them that have no room. */
  readonly closed: readonly Limit[]
  readonly extraUsageReason: ExtraUsageReason
  readonly neededNanos: Nanos
  /** What it would have to hold at another moment, once the requests that run now have ended. */
  readonly neededLaterNanos: (atMs: number) => Nanos
  /** It would pass with the holds of other requests at zero. */
  readonly isReserved: boolean
}

/** A refusal because the plan could not pay and extra usage did not help. */
export function denyPlan(asked: Asked, obstacles: Obstacles): Denial {
  const { account, request, moment } = asked
  const binding = obstacles.closed
    .map((limit) => ({
      figures: limitFigures(limit, account.member, moment.nowMs),
      opensMs: opensMs(limit, account.member, moment.nowMs),
    }))
    // Two that never open differ by NaN, which sorts like 0: they keep their order.
    .toSorted((left, right) => right.opensMs - left.opensMs)
  const retryAtMs = obstacles.isReserved
    ? moment.nowMs + reservedRetryMs
    : earliestAdmissionMs(asked, obstacles)
  return {
    reason: obstacles.isReserved ? 'reserved' : 'limit_reached',
    model: request.facts.model,
    binding: binding.map((one) => one.figures),
    extraUsageReason: obstacles.extraUsageReason,
    neededNanos: obstacles.neededNanos,
    remedies: remediesFor(asked, obstacles, { retryAtMs }),
    retryAtMs,
    figures: figuresOf(account, moment),
  }
}

/**
 * From a moment on, the first at which a limit has room if only time passes: after a reset, or after an exception
 * ended that gave less than the plan. A limit of zero has none, whatever resets.
 */
function opensMs(limit: Limit, member: MemberState, fromMs: number): number {
  let atMs = fromMs
  while (atMs !== Infinity) {
    const { used, held, amount, resetMs } = limitFigures(limit, member, atMs)
    if (isBelow(used + held, amount)) return atMs
    const helpingResetMs = isBelow(0n, amount) ? (resetMs ?? Infinity) : Infinity
    atMs = Math.min(helpingResetMs, exceptionEndMs(member, limit.id, atMs))
  }
  return atMs
}

/**
 * When every limit that applies has room. Mostly the latest reset of the closed ones; until then another one may
 * close, because its exception ends, or because a clock that was ahead counted in the instance that comes next.
 */
function planOpensMs({ account, moment }: Asked, limits: readonly Limit[]): number {
  let atMs = moment.nowMs
  for (;;) {
    const beforeMs = atMs
    for (const limit of limits) atMs = Math.max(atMs, opensMs(limit, account.member, atMs))
    if (atMs === beforeMs) return atMs
  }
}

/**
 * The earlier of: every closed limit has reset; or a month's end frees the cap (or brings included credit)
 * so that the wallet can pay. Null when neither comes by waiting.
 */
function earliestAdmissionMs(asked: Asked, obstacles: Obstacles): number | null {
  const planMs = planOpensMs(asked, obstacles.limits)
  const walletMs = walletAdmitsMs(asked, obstacles)
  const earliest = Math.min(planMs, walletMs)
  return Number.isFinite(earliest) ? earliest : null
}

/** What a month's end may change; a switch stays as it is until somebody turns it. */
const passingReasons: ReadonlySet<ExtraUsageReason> = new Set<ExtraUsageReason>([
  'cap_reached',
  'member_cap_reached',
  'balance_too_low',
])

function walletAdmitsMs(asked: Asked, obstacles: Obstacles): number {
  const { account, request, moment } = asked
  const { customer, member } = account
  if (!passingReasons.has(obstacles.extraUsageReason)) return Infinity
  const spendMonthEndMs = Math.max(
    spendMonth(customer, customer.zone, moment.nowMs).endMs,
    spendMonth(member, customer.zone, moment.nowMs).endMs,
  )
  // Until then, what holds keep may still be charged against the caps: in this month, or by a request
  // that runs into the next one.
  const heldCountsUntilMs = Math.max(spendMonthEndMs, moment.nowMs + request.holdMaxMs)
  const candidates = [
    spendMonthEndMs,
    monthBounds(utcZone, moment.nowMs).endMs,
    monthBounds(customer.zone, spendMonthEndMs).endMs,
  ].toSorted((left, right) => left - right)
  for (const atMs of candidates) {
    let dueNanos = 0n
    for (const due of dueGrants(account, atMs)) dueNanos += due.grant.amountNanos
    const need = {
      account,
      consent: request.facts.consent,
      moment: { nowMs: atMs },
      isIgnoringHolds: atMs >= heldCountsUntilMs,
    }
    const neededNanos = obstacles.neededLaterNanos(atMs)
    const obstacle = extraUsageObstacle(need, neededNanos)
    // Holds may use up what they keep of the balance, so that part is never counted on.
    const isPayable = availableNanos(customer, atMs) + dueNanos >= neededNanos
    if (isPayable && (obstacle === null || obstacle === 'balance_too_low')) return atMs
  }
  return Infinity
}

function remediesFor(
  asked: Asked,
  obstacles: Obstacles,
  wait: { readonly retryAtMs: number | null },
): readonly Remedy[] {
  if (obstacles.isReserved) return ['retry_shortly']
  const need = {
    account: asked.account,
    consent: asked.request.facts.consent,
    moment: asked.moment,
  }
  const reasons = extraUsageObstacles(need, obstacles.neededNanos)
  const isReloading = isReloadHelping(asked, { reasons, neededNanos: obstacles.neededNanos })
  const remedies = reasons.map((reason) => remedyOf[reason])
  if (isReloading) remedies.splice(0, remedies.length, 'wait_for_reload')
  if (wait.retryAtMs !== null) remedies.push('wait_for_reset')
  return remedies
}

/** A reload is due that brings what is missing, and money is all that is. */
function isReloadHelping(
  { account, moment }: Asked,
  lacking: { readonly reasons: readonly ExtraUsageReason[]; readonly neededNanos: Nanos },
): boolean {
  const state = reloadState(account.customer, moment.nowMs)
  if (state.kind !== 'due') return false
  const afterNanos = availableNanos(account.customer, moment.nowMs) + state.need.amountNanos
  const isMoneyAll = lacking.reasons.every((reason) => reason === 'balance_too_low')
  return isMoneyAll && afterNanos >= lacking.neededNanos
}

const remedyOf: Readonly<Record<ExtraUsageReason, Remedy>> = {
  off_for_customer: 'turn_on_extra_usage',
  off_for_member: 'turn_on_extra_usage_for_member',
  forbidden_by_request: 'allow_extra_usage_in_request',
  cap_reached: 'raise_spend_cap',
  member_cap_reached: 'raise_member_spend_cap',
  balance_too_low: 'top_up',
}
