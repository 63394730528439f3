import type { Denial, ExtraUsageFigures, LimitFigures, Remedy } from '../core/decision.ts'
import type { Nanos } from '../core/money.ts'
import {
  errorBody,
  errorHeaders,
  pausedWords,
  retryHeaders,
  type Reply,
} from './anthropic-failure.ts'
import { limitHeaders } from './anthropic-headers.ts'
import {
  limitName,
  readableAmount,
  readableMoment,
  readableMoney,
  readableWait,
  type Reading,
} from './readable-figures.ts'

/**
 * A denial in the shape and words of the Messages API. Clients print the message as it is, so it says
 * everything: which limit, how much, until when, why extra usage did not help, and how to go on (D15).
 * A final denial costs the caller one request: 429 with `x-should-retry: false`.
 */
export type DenialFacts = {
  readonly denial: Denial
  readonly decisionId: string
  readonly requestId: string
  /** Where the member sees what is left. */
  readonly pageUrl: string
  readonly nowMs: number
  readonly timeZone: string
  readonly isOauthStyle: boolean
  /** 400 is for callers built for the hosted service's form; some of them repeat it six times. */
  readonly deniedStatus?: 429 | 400
  /** Before amounts of money. */
  readonly currencySymbol?: string
  /** How the command line is called in the operator's installation. */
  readonly command?: string
}

const checkoutCommand = 'npm run plimsoll --'

export function phraseDenial(facts: DenialFacts): Reply {
  const { denial, requestId } = facts
  const shape = shapeOf(facts)
  return {
    status: shape.status,
    headers: {
      ...errorHeaders(requestId),
      ...retryHeaders(shape.retry),
      ...limitHeaders({
        figures: denial.figures,
        decisionId: facts.decisionId,
        model: denial.model,
        nowMs: facts.nowMs,
        isOauthStyle: facts.isOauthStyle && denial.reason === 'limit_reached',
        outcome: 'rejected',
        denial,
      }),
    },
    body: errorBody({
      type: shape.type,
      message: messageFor(facts),
      requestId,
      code: denial.reason,
      details: detailsOf(facts),
    }),
  }
}

type Shape = {
  readonly status: number
  readonly type: string
  readonly retry: Parameters<typeof retryHeaders>[0]
}

function shapeOf({ denial, nowMs, deniedStatus = 429 }: DenialFacts): Shape {
  const { retryAtMs } = denial
  const seconds = retryAtMs === null ? null : Math.ceil((retryAtMs - nowMs) / 1000)
  const never = { isWorthwhile: false, afterSeconds: null }
  switch (denial.reason) {
    case 'customer_inactive':
    case 'member_inactive':
      return { status: 403, type: 'permission_error', retry: never }
    case 'model_unpriced':
      return { status: 404, type: 'not_found_error', retry: never }
    case 'running_limit':
    case 'reserved': {
      const afterSeconds = Math.min(3, Math.max(1, seconds ?? 2))
      const retry = { isWorthwhile: true, afterSeconds }
      return { status: 429, type: 'rate_limit_error', retry }
    }
    case 'limit_reached': {
      const type = deniedStatus === 400 ? 'invalid_request_error' : 'rate_limit_error'
      return { status: deniedStatus, type, retry: { isWorthwhile: false, afterSeconds: seconds } }
    }
  }
}

function messageFor(facts: DenialFacts): string {
  const { denial, decisionId, command = checkoutCommand } = facts
  const proof = `Decision and proof: ${command} explain ${decisionId}`
  switch (denial.reason) {
    case 'customer_inactive':
    case 'member_inactive':
      return lines([pausedWords[denial.reason], proof])
    case 'model_unpriced':
      return lines([
        `model: ${denial.model} has no price here, so it cannot be metered. Use another model, or ask your operator to add its price.`,
        proof,
      ])
    case 'running_limit':
      return lines([
        `You have ${denial.figures.runningCount} requests running, and ${denial.figures.runningMax} may run at once. This one passes as soon as another ends; nothing is used up. Trying again shortly helps.`,
        proof,
      ])
    case 'reserved':
      return lines([reservedLine(facts), proof])
    case 'limit_reached':
      return lines([...limitLines(facts), extraUsageLine(facts), remedyLine(facts), proof])
  }
}

const lines = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n')

/** Running requests may keep room of the plan, or money that could have paid instead. */
function reservedLine({ denial, currencySymbol }: DenialFacts): string {
  const { binding, figures } = denial
  const limit = binding.find(({ held }) => held > 0n)
  const what =
    limit === undefined
      ? `the rest of your extra usage (${readableMoney(figures.extraUsage.heldNanos, currencySymbol)})`
      : `the rest of your ${limitName(limit)} (${readableAmount(limit.held, limit.unit, currencySymbol)})`
  return `Requests that are still running keep ${what} for themselves. It comes free when they end; trying again shortly helps.`
}

function limitLines({ denial, nowMs, timeZone, currencySymbol }: DenialFacts): readonly string[] {
  return denial.binding.map((limit, index) => {
    const name = limitName(limit)
    const what = index === 0 ? `Your ${name} is used up` : `So is your ${name}`
    const text = `${what}: ${spent(limit, currencySymbol)}.`
    return `${text} ${resetText(limit, { nowMs, timeZone, currencySymbol })}`
  })
}

function spent({ used, held, amount, unit }: LimitFigures, symbol: string | undefined): string {
  const text = (part: bigint): string => readableAmount(part, unit, symbol)
  const kept = held > 0n ? `, and ${text(held)} kept for running requests` : ''
  return `${text(used)} of ${amount === null ? 'no limit' : text(amount)}${kept}`
}

type ResetReading = Reading & { readonly currencySymbol: string | undefined }

function resetText(limit: LimitFigures, reading: ResetReading): string {
  const exception = exceptionText(limit, reading)
  if (limit.amount !== null && limit.amount <= 0n) {
    return exception === ''
      ? 'It is set to nothing, so waiting does not help.'
      : `It is set to nothing for your seat.${exception}`
  }
  if (limit.resetMs === null) return 'It starts anew with the next message.'
  const moment = readableMoment(limit.resetMs, reading)
  return `It resets ${onOrAt(moment)} ${moment}, ${readableWait(limit.resetMs, reading.nowMs)}.${exception}`
}

const onOrAt = (moment: string): string => (/^\d/.test(moment) ? 'at' : 'on')

/** The amount is not the plan's: whoever knows the plan would take the numbers for a fault. */
function exceptionText({ exception, unit }: LimitFigures, reading: ResetReading): string {
  if (exception === null) return ''
  const plan = `the plan's own is ${readableAmount(exception.planAmount, unit, reading.currencySymbol)}`
  if (exception.untilMs === null) return ` That is an exception for your seat; ${plan}.`
  const moment = readableMoment(exception.untilMs, reading)
  return ` That is an exception for your seat; ${plan}, and counts again from ${moment}.`
}

/** Balance and cap are two numbers; a full one beside an empty one is what readers mistake most. */
function extraUsageLine({ denial, currencySymbol }: DenialFacts): string {
  const money = (nanos: Nanos): string => readableMoney(nanos, currencySymbol)
  const { extraUsageReason, neededNanos } = denial
  const extra = denial.figures.extraUsage
  if (extraUsageReason === null) return ''
  const needed = neededNanos === null ? '' : `; this request needs ${money(neededNanos)}`
  const why = {
    off_for_customer: 'it is turned off',
    off_for_member: 'it is turned off for your seat',
    forbidden_by_request: 'this request forbids it (x-plimsoll-extra-usage: never)',
    cap_reached: `the monthly spend cap leaves too little${needed}`,
    member_cap_reached: `your own monthly spend cap leaves too little${needed}`,
    balance_too_low: `the balance is too low${needed}`,
  }[extraUsageReason]
  return `Extra usage did not help: ${why}. ${balanceText(extra, money)}. ${capText(extra, money)}.`
}

type MoneyText = (nanos: Nanos) => string

function balanceText({ balanceNanos, heldNanos }: ExtraUsageFigures, money: MoneyText): string {
  const held = heldNanos > 0n ? `, ${money(heldNanos)} of it kept for running requests` : ''
  return `Balance ${money(balanceNanos)}${held}`
}

function capText(extra: ExtraUsageFigures, money: MoneyText): string {
  const spentOf = (spentNanos: Nanos, capNanos: Nanos | null): string =>
    capNanos === null
      ? `${money(spentNanos)}, with no cap`
      : `${money(spentNanos)} of a ${money(capNanos)} cap`
  const all = spentOf(extra.spentNanos, extra.capNanos)
  const own =
    extra.memberCapNanos === null
      ? ''
      : `; by your seat ${spentOf(extra.memberSpentNanos, extra.memberCapNanos)}`
  return `Spent this month ${all}${own}`
}

/** What opens extra usage is needed together; waiting stands for itself. */
function remedyLine(facts: DenialFacts): string {
  const { denial, pageUrl } = facts
  const steps = denial.remedies.filter((remedy) => remedy !== 'wait_for_reset')
  const waits = denial.remedies.filter((remedy) => remedy === 'wait_for_reset')
  const ways = [steps, waits]
    .filter((way) => way.length > 0)
    .map((way) => way.map((remedy) => remedyText(remedy, facts)).join(' and '))
  const how = ways.length === 0 ? '' : `To go on: ${ways.join('; or ')}. `
  return `${how}What is left: ${pageUrl}`
}

function remedyText(
  remedy: Remedy,
  { denial, nowMs, timeZone, command, currencySymbol }: DenialFacts,
): string {
  const run = command ?? checkoutCommand
  const { retryAtMs } = denial
  const moment = retryAtMs === null ? 'it resets' : readableMoment(retryAtMs, { nowMs, timeZone })
  return {
    wait_for_reset: `wait until ${moment}`,
    retry_shortly: 'try again shortly',
    turn_on_extra_usage: `turn on extra usage (${run} extra on)`,
    turn_on_extra_usage_for_member: 'turn on extra usage for your seat',
    allow_extra_usage_in_request: 'leave out the header x-plimsoll-extra-usage',
    wait_for_reload: `wait a moment for auto-reload, which adds ${reloadText(denial, currencySymbol)}`,
    top_up: `add to the balance (${run} topup 5)`,
    raise_spend_cap: 'raise the monthly spend cap',
    raise_member_spend_cap: "raise your seat's monthly spend cap",
    ask_operator: 'ask your operator',
  }[remedy]
}

function reloadText(
  { figures: { extraUsage } }: DenialFacts['denial'],
  symbol: string | undefined,
): string {
  const { setting } = extraUsage.autoReload
  return setting.kind === 'on' ? readableMoney(setting.amountNanos, symbol) : 'to the balance'
}

/** The same for programs: stable codes, exact digits, UTC milliseconds. */
function detailsOf({
  denial,
  decisionId,
  pageUrl,
}: DenialFacts): Readonly<Record<string, unknown>> {
  return {
    decision: decisionId,
    limits: denial.binding.map((limit) => ({
      id: limit.limitId,
      unit: limit.unit,
      amount: limit.amount?.toString() ?? null,
      used: limit.used.toString(),
      held: limit.held.toString(),
      reset_ms: limit.resetMs,
      ...(limit.exception === null
        ? {}
        : {
            plan_amount: limit.exception.planAmount.toString(),
            exception_until_ms: limit.exception.untilMs,
          }),
    })),
    extra_usage_reason: denial.extraUsageReason,
    needed_nanos: denial.neededNanos?.toString() ?? null,
    remedies: denial.remedies,
    retry_at_ms: denial.retryAtMs,
    page: pageUrl,
  }
}
