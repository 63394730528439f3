import type { HoldSource } from '../core/account.ts'
import type { Denial, ExtraUsageFigures, Figures, LimitFigures } from '../core/decision.ts'
import { isBelow } from '../core/entitlement.ts'
import { roomAgainMs } from '../core/figures.ts'
import type { LimitId } from '../core/ids.ts'
import { formatMoney } from '../core/money.ts'
import type { Unit } from '../core/usage.ts'

/**
 * What is left, in the headers of every answer. The numbers are those of the decision itself, at its
 * journal position (D18). Amounts are plain decimals: currency units for money, counts for the rest.
 */
export type LimitHeaderFacts = {
  readonly figures: Figures
  readonly decisionId: string
  readonly model: string
  readonly nowMs: number
  /** The caller signed in with a bearer token of the OAuth kind, so it understands the native headers. */
  readonly isOauthStyle: boolean
  readonly outcome: 'allowed' | 'rejected'
  /** Who pays, where the request was allowed. */
  readonly source?: HoldSource
  readonly denial?: Denial
}

type Headers = Record<string, string>

export function limitHeaders(facts: LimitHeaderFacts): Headers {
  const { figures } = facts
  const headers: Headers = {
    'x-plimsoll-decision': facts.decisionId,
    'x-plimsoll-position': String(figures.position),
  }
  if (facts.source !== undefined) headers['x-plimsoll-source'] = facts.source
  for (const limit of figures.limits) addLimit(headers, limit)
  addExtraUsage(headers, figures.extraUsage)
  if (facts.isOauthStyle) addNative(headers, facts)
  return headers
}

function addLimit(headers: Headers, limit: LimitFigures): void {
  const names = namesOf(limit.limitId)
  headers[names.limit] = roomText(limit.amount, limit.unit)
  headers[names.used] = amountText(limit.used, limit.unit)
  headers[names.remaining] = roomText(remainingOf(limit), limit.unit)
  // A session that nobody opened has no end yet; it starts with the next message.
  if (limit.resetMs !== null) headers[names.reset] = new Date(limit.resetMs).toISOString()
}

type LimitNames = { readonly [What in 'limit' | 'used' | 'remaining' | 'reset']: string }

/** Header names of limits, made once: a property name made anew for every answer is dear. Plans are few. */
const namesByLimit = new Map<LimitId, LimitNames>()
const namesMax = 1000

function namesOf(limitId: LimitId): LimitNames {
  const known = namesByLimit.get(limitId)
  if (known !== undefined) return known
  const name = `x-plimsoll-limit-${limitId.toLowerCase()}`
  const names = {
    limit: `${name}-limit`,
    used: `${name}-used`,
    remaining: `${name}-remaining`,
    reset: `${name}-reset`,
  }
  if (namesByLimit.size >= namesMax) namesByLimit.clear()
  namesByLimit.set(limitId, names)
  return names
}

/** Null where the limit is unlimited. */
export function remainingOf({ amount, used, held }: LimitFigures): bigint | null {
  if (amount === null) return null
  const remaining = amount - used - held
  return remaining > 0n ? remaining : 0n
}

const roomText = (amount: bigint | null, unit: Unit): string =>
  amount === null ? 'unlimited' : amountText(amount, unit)

const amountText = (amount: bigint, unit: Unit): string =>
  unit === 'money' ? formatMoney(amount, '') : amount.toString()

function addExtraUsage(headers: Headers, extra: ExtraUsageFigures): void {
  const status = extra.isOnForCustomer ? (extra.isOnForMember ? 'on' : 'off_for_member') : 'off'
  headers['x-plimsoll-extra-usage-status'] = status
  headers['x-plimsoll-extra-usage-balance'] = formatMoney(extra.balanceNanos, '')
  headers['x-plimsoll-extra-usage-spent'] = formatMoney(extra.spentNanos, '')
  headers['x-plimsoll-extra-usage-cap'] =
    extra.capNanos === null ? 'unlimited' : formatMoney(extra.capNanos, '')
}

/**
 * The names that Claude clients know for limits. Only those limits that have such a name are told this
 * way; the text of a refusal names them all.
 */
type Claim = {
  readonly claim: 'five_hour' | 'seven_day' | 'seven_day_opus' | 'seven_day_sonnet'
  /** How the claim's own headers begin; the ones for single models have none. */
  readonly prefix: '5h' | '7d' | null
}

const native = 'anthropic-ratelimit-unified-'
/** Where clients begin to warn: https://code.claude.com/docs/en/claude-apps-gateway-spend-limits */
const warnThresholds = [0.95, 0.75]

function addNative(headers: Headers, facts: LimitHeaderFacts): void {
  for (const limit of facts.figures.limits) addWindow(headers, limit, facts.model)
  const told = toldLimit(facts)
  const resetMs = told === undefined ? null : honestResetMs(told, facts.figures.atMs)
  addOverage(headers, facts, resetMs)
  if (told === undefined) return
  const isClosed = facts.outcome === 'rejected' || facts.source === 'extra_usage'
  const claim = claimOf(told, facts.model)
  // What costs nothing counts in no window, however full they are.
  const isFree = facts.source === 'free'
  headers[`${native}status`] = isFree ? 'allowed' : isClosed ? 'rejected' : statusOf(told)
  if (claim !== undefined) headers[`${native}representative-claim`] = claim.claim
  if (resetMs !== null) headers[`${native}reset`] = epochSeconds(resetMs)
}

function addWindow(headers: Headers, limit: LimitFigures, model: string): void {
  const prefix = claimOf(limit, model)?.prefix ?? null
  if (prefix === null || limit.resetMs === null) return
  const name = `${native}${prefix}-`
  const utilization = utilizationOf(limit)
  const threshold = warnThresholds.find((step) => utilization >= step)
  headers[`${name}status`] = statusOf(limit)
  headers[`${name}utilization`] = utilization.toFixed(4).replace(/\.?0+$/, '')
  headers[`${name}reset`] = epochSeconds(limit.resetMs)
  if (threshold !== undefined) headers[`${name}surpassed-threshold`] = String(threshold)
}

/**
 * When there is room again, by a reset or the end of an exception; null where time does not help, as for a limit of
 * zero: a window's end changes nothing for it.
 */
function honestResetMs(limit: LimitFigures, nowMs: number): number | null {
  if (isBelow(limit.used + limit.held, limit.amount)) return limit.resetMs
  const againMs = roomAgainMs(limit, nowMs)
  return againMs === Infinity ? null : againMs
}

function claimOf(limit: LimitFigures, model: string): Claim | undefined {
  const { models, windowKind } = limit
  if (!appliesTo(limit, model)) return undefined
  if (windowKind === 'session') return { claim: 'five_hour', prefix: '5h' }
  if (windowKind !== 'week') return undefined
  if (models === null) return { claim: 'seven_day', prefix: '7d' }
  for (const family of ['opus', 'sonnet'] as const) {
    if (models.every((prefix) => prefix.includes(family))) {
      return { claim: `seven_day_${family}`, prefix: null }
    }
  }
  return undefined
}

/**
 * The limit that stops the caller, or would without money: of several the one that ends last, with or
 * without a native name, because clients print its reset as the moment to come back. Else the fullest one
 * that has such a name.
 */
function toldLimit({ figures, model, denial, source }: LimitHeaderFacts): LimitFigures | undefined {
  if (denial !== undefined) return denial.binding[0]
  if (source === 'extra_usage') {
    return figures.limits
      .filter((limit) => appliesTo(limit, model) && remainingOf(limit) === 0n)
      .toSorted((left, right) => endMs(right, figures.atMs) - endMs(left, figures.atMs))[0]
  }
  return figures.limits
    .filter((limit) => claimOf(limit, model) !== undefined)
    .toSorted((left, right) => utilizationOf(right) - utilizationOf(left))[0]
}

const endMs = (limit: LimitFigures, nowMs: number): number =>
  honestResetMs(limit, nowMs) ?? Infinity

const appliesTo = ({ models }: LimitFigures, model: string): boolean =>
  models === null || models.some((prefix) => model.startsWith(prefix))

/** Between 0 and 1, by thousandths of thousandths; a share is no money, so a float can hold it. */
function utilizationOf({ used, held, amount }: LimitFigures): number {
  if (amount === null) return 0
  if (amount <= 0n) return 1
  return Math.min(1, Number(((used + held) * 1_000_000n) / amount) / 1_000_000)
}

/**
 * What is only held is not used up: an answer whose own hold fills the window is no rejection, and a client
 * that reads it so tells its user to stop.
 */
function statusOf(limit: LimitFigures): 'allowed' | 'allowed_warning' | 'rejected' {
  if (!isBelow(limit.used, limit.amount)) return 'rejected'
  return warnThresholds.some((step) => utilizationOf(limit) >= step) ? 'allowed_warning' : 'allowed'
}

function addOverage(
  headers: Headers,
  { figures, source, outcome }: LimitHeaderFacts,
  resetMs: number | null,
): void {
  const { extraUsage } = figures
  const disabledReason = disabledReasonOf(extraUsage)
  headers[`${native}overage-status`] = disabledReason === undefined ? 'allowed' : 'rejected'
  // A client that is refused and finds no other reset would print this one as the moment to come back.
  if (outcome === 'allowed' || resetMs !== null) {
    headers[`${native}overage-reset`] = epochSeconds(extraUsage.capResetMs)
  }
  if (disabledReason !== undefined) headers[`${native}overage-disabled-reason`] = disabledReason
  if (source === 'extra_usage') headers[`${native}overage-in-use`] = 'true'
}

/** In the words that clients know; why extra usage could not pay anything at all at this moment. */
function disabledReasonOf(extra: ExtraUsageFigures): string | undefined {
  if (!extra.isOnForCustomer) return 'org_level_disabled'
  if (!extra.isOnForMember) return 'member_level_disabled'
  if (extra.capNanos === 0n) return 'org_service_level_disabled'
  if (extra.memberCapNanos === 0n) return 'member_zero_credit_limit'
  const isCapReached =
    extra.capNanos !== null && extra.spentNanos + extra.heldNanos >= extra.capNanos
  const isMemberCapReached =
    extra.memberCapNanos !== null &&
    extra.memberSpentNanos + extra.memberHeldNanos >= extra.memberCapNanos
  if (isCapReached || isMemberCapReached) return 'org_level_disabled_until'
  return extra.balanceNanos - extra.heldNanos <= 0n ? 'out_of_credits' : undefined
}

/** Rounded up, so that a client that waits until then never comes early. */
const epochSeconds = (atMs: number): string => String(Math.ceil(atMs / 1000))
