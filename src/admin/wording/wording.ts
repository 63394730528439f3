import type { ReloadStop } from '../../core/auto-reload.ts'
import type { ExtraUsageReason, LimitFigures, Reason, Remedy } from '../../core/decision.ts'

/**
 * The words for codes, written once for page and command line. They say no times and no amounts: those are
 * numbers beside them, formatted where the reader is.
 */
/** "the week limit", "the week limit for claude-opus*": how a limit is called in a sentence. */
export function limitLabel(limit: Pick<LimitFigures, 'windowKind' | 'models'>): string {
  const scope = limit.models === null ? '' : ` for ${modelScope(limit.models)}`
  return `the ${limit.windowKind} limit${scope}`
}

/** "Session", "Week (claude-opus*)": how a limit is called on its own line. */
export function limitTitle(limit: Pick<LimitFigures, 'windowKind' | 'models'>): string {
  const word = `${limit.windowKind.charAt(0).toUpperCase()}${limit.windowKind.slice(1)}`
  return limit.models === null ? word : `${word} (${modelScope(limit.models)})`
}

/** Model name prefixes as people write them: "claude-opus*, claude-haiku*". */
export const modelScope = (prefixes: readonly string[]): string =>
  prefixes.map((prefix) => `${prefix}*`).join(', ')

export const reasonWords: Readonly<Record<Reason, string>> = {
  customer_inactive: 'the customer is paused',
  member_inactive: 'the member is paused or not seated',
  model_unpriced: 'the model has no price here',
  running_limit: 'too many requests were running at once',
  limit_reached: 'the plan had no room and extra usage did not help',
  reserved: 'requests that were still running kept the rest',
}

export const extraUsageWords: Readonly<Record<ExtraUsageReason, string>> = {
  off_for_customer: 'extra usage is off for the whole account',
  off_for_member: 'extra usage is off for this member',
  forbidden_by_request: 'the request itself forbade extra usage',
  cap_reached: "the month's spend cap is reached",
  member_cap_reached: "the member's own spend cap for the month is reached",
  balance_too_low: 'the balance is too low',
}

export const remedyWords: Readonly<Record<Remedy, string>> = {
  wait_for_reset: 'wait for the reset',
  retry_shortly: 'try again in a few seconds',
  turn_on_extra_usage: 'turn on extra usage for the account',
  turn_on_extra_usage_for_member: 'turn on extra usage for the member',
  allow_extra_usage_in_request: 'allow extra usage in the request',
  top_up: 'top up the balance',
  wait_for_reload: 'wait a moment for auto-reload, which is due',
  raise_spend_cap: 'raise the spend cap',
  raise_member_spend_cap: "raise the member's spend cap",
  ask_operator: 'ask the operator',
}

export const reloadStopWords: Readonly<Record<ReloadStop, string>> = {
  customer_inactive: 'the account is paused',
  extra_usage_off: 'extra usage is off for the account',
  spend_cap_reached: 'no more than is there may be spent in this month, by the spend cap',
  month_max_reached: "another reload would exceed the month's maximum",
  standing_order_missing: 'the operator has given no standing order that pays for reloads',
  standing_order_used_up: "another reload would exceed the operator's standing order of this month",
}

/** Why auto-reload does not do what it is set to; null while it does. */
export const reloadStopSentence = ({
  stop,
}: {
  readonly stop: { readonly reason: ReloadStop } | null
}): string | null =>
  stop === null ? null : `Auto-reload stopped: ${reloadStopWords[stop.reason]}.`

/** What "estimated" beside a request means. */
export const estimateWords = 'the caller left early, or the reply had no final token count.'

/** Why a request got no further, in a few words: reasons of decisions, then what comes before any decision. */
export const refusalWords: Readonly<Record<string, string>> = {
  ...reasonWords,
  too_fast: 'too many requests of one key at once',
  unknown_key: 'no key, or one that is not known',
  invalid_request: 'the request could not be read',
  body_too_large: 'the body was too large',
  no_room: 'no memory was left for more bodies',
  unmetered_path: 'the path is not served here',
}

export function refusalSentence(refusal: {
  readonly reason: string
  readonly extraUsageReason: string | null
}): string {
  const why = extraUsageWords[refusal.extraUsageReason as ExtraUsageReason] ?? null
  const words = refusalWords[refusal.reason] ?? refusal.reason
  return why === null ? words : `${words}; ${why}`
}
