import type { DeniedDecision } from '../../../src/operations/decision-id.ts'
import type { Plan } from '../../../src/core/plan.ts'
import { whyNotMoney } from './entry-rules.ts'
import { isClosed, type Ledger, type LimitNow } from './ledger.ts'

/** The details of a refusal as its caller reads them. */
export type RefusalDetails = {
  readonly error_code: string
  readonly limits?: readonly {
    readonly id: string
    readonly amount: string
    readonly used: string
    readonly held: string
    readonly reset_ms: number | null
  }[]
  readonly extra_usage_reason?: string | null
  readonly needed_nanos?: string | null
  readonly retry_at_ms?: number | null
}

type Headers = ReadonlyMap<string, string>

/** What is wrong with a refusal, given everything that it can have read. */
export function faultOfRefusal(
  ledger: Ledger,
  { decision, plan, details }: { decision: DeniedDecision; plan: Plan; details: RefusalDetails },
): string | null {
  const { memberId, atMs, facts } = decision
  const seat = ledger.members.get(memberId)
  const code = details.error_code
  if (code === 'customer_inactive') return ledger.own.isActive ? 'the customer is active' : null
  if (code === 'member_inactive') return seat?.isActive === true ? 'the member is active' : null
  const own = [...ledger.holds.values()].filter((hold) => hold.member === memberId).length
  if (code === 'running_limit') {
    const isFull = own >= plan.runningMax || decision.customerRunningCount >= ledger.runningMax
    return isFull ? null : `${own} requests of ${plan.runningMax} run`
  }
  if (code !== 'limit_reached' && code !== 'reserved') return null
  const limits = ledger.limitsFor(plan, { member: memberId, model: facts.model, atMs })
  const closed = limits.filter(isClosed)
  if (closed.length === 0) return 'the plan has room'
  const fault = faultOfLimits(closed, details)
  if (fault !== null) return fault
  const amount = BigInt(details.needed_nanos ?? '0')
  const why = whyNotMoney(ledger, { member: memberId, amount, atMs, consent: facts.consent })
  if (why === null) return `extra usage can pay ${amount}`
  if (why !== details.extra_usage_reason) return `${details.extra_usage_reason} was said of ${why}`
  const isUsedUp = closed.some((limit) => limit.amount !== null && limit.used >= limit.amount)
  return code === 'limit_reached' && !isUsedUp ? 'only running requests keep the room' : null
}

/** A client that reads nothing but the head knows whether, and when, to come back. */
export function faultOfHead(
  { status, headers }: { readonly status: number; readonly headers: Headers },
  details: RefusalDetails,
  atMs: number,
): string | null {
  const code = details.error_code
  if (code !== 'limit_reached' && code !== 'reserved') return null
  if (status !== 429) return `it has the status ${status}`
  const shouldRetry = String(code === 'reserved')
  if (headers.get('x-should-retry') !== shouldRetry) return `x-should-retry is not ${shouldRetry}`
  const { retry_at_ms: retryAtMs = null } = details
  if (retryAtMs !== null && retryAtMs <= atMs) return 'the promised moment is over'
  const seconds = headers.get('retry-after')
  if (code === 'reserved') return seconds === undefined ? 'it says no moment' : null
  const right = retryAtMs === null ? undefined : String(Math.ceil((retryAtMs - atMs) / 1000))
  return seconds === right ? null : `retry-after is ${seconds}, not ${right}`
}

/** The limits that a refusal names are those that are full, with their true figures. */
function faultOfLimits(closed: readonly LimitNow[], details: RefusalDetails): string | null {
  const said = new Map((details.limits ?? []).map((limit) => [limit.id, limit]))
  if (said.size !== closed.length)
    return `it names ${[...said.keys()].join()}, not ${names(closed).join()}`
  for (const { limit, amount, used, held, span } of closed) {
    const one = said.get(limit.id)
    if (one === undefined) return `it does not name ${limit.id}`
    const told = `${one.used}+${one.held} of ${one.amount}`
    const right = `${used}+${held} of ${amount}`
    if (told !== right) return `${limit.id}: it says ${told}, and it is ${right}`
    if (span !== null && one.reset_ms !== span.endMs) return `${limit.id}: a wrong reset`
  }
  return null
}

const names = (limits: readonly LimitNow[]): readonly string[] =>
  limits.map(({ limit }) => limit.id)

/** The figures in an answer's headers are those of the journal at the position that it names. */
export function faultOfHeaders(
  ledger: Ledger,
  { headers, plan, member, atMs }: { headers: Headers; plan: Plan; member: string; atMs: number },
): string | null {
  for (const limit of plan.limits) {
    const now = ledger.limitNow(member, limit, atMs)
    const name = `x-plimsoll-limit-${limit.id}`
    const used = amountIn(headers.get(`${name}-used`), limit.unit)
    if (used !== now.used) return `${name}-used is ${used}, not ${now.used}`
    const left = now.amount === null ? null : now.amount - now.used - now.held
    const remaining = amountIn(headers.get(`${name}-remaining`), limit.unit)
    const right = left !== null && left < 0n ? 0n : left
    if (remaining !== right) return `${name}-remaining is ${remaining}, not ${right}`
    const resetMs = Date.parse(headers.get(`${name}-reset`) ?? '')
    if (now.span !== null && resetMs !== now.span.endMs) return `${name}-reset is wrong`
  }
  const isOn = ledger.own.isOn
  const status = isOn
    ? ledger.members.get(member)?.isOn === true
      ? 'on'
      : 'off_for_member'
    : 'off'
  const told = headers.get('x-plimsoll-extra-usage-status')
  if (told !== status) return `extra usage is ${status}, not ${told}`
  const balance = amountIn(headers.get('x-plimsoll-extra-usage-balance'), 'money')
  const rightBalance = ledger.available(atMs) + ledger.held(null)
  if (balance !== rightBalance) return `the balance is ${balance}, not ${rightBalance}`
  const spent = amountIn(headers.get('x-plimsoll-extra-usage-spent'), 'money')
  const rightSpent = ledger.spent(null, atMs)
  return spent === rightSpent ? null : `spent is ${spent}, not ${rightSpent}`
}

/** Plain decimals in headers, as nanos where they are money; null where there is no bound. */
function amountIn(text: string | undefined, unit: string): bigint | null {
  if (text === undefined || text === 'unlimited') return null
  if (unit !== 'money') return BigInt(text)
  const [whole = '0', decimals = ''] = text.split('.')
  return BigInt(whole + decimals.padEnd(9, '0'))
}
