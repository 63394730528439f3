import { windowOfClaim, type Refusal, type WindowName } from './evidence.ts'

/**
 * What a refusal says, read from its fields first and from its words where an older client kept no fields.
 * It is only what was said; whether it is so is for `judge.ts`.
 */
export type RefusalKind =
  | { readonly kind: 'window'; readonly window: WindowName | undefined }
  /** "You're out of extra usage" (2025), "usage credits" (2026). */
  | { readonly kind: 'extra_usage_out' }
  | { readonly kind: 'api_credit_out' }
  | { readonly kind: 'extra_usage_off' }
  | { readonly kind: 'cap_reached' }
  | { readonly kind: 'long_context' }
  | { readonly kind: 'third_party' }
  | { readonly kind: 'organisation' }
  | { readonly kind: 'gateway'; readonly decisionId: string }
  | { readonly kind: 'payment' }
  | { readonly kind: 'forbidden' }
  | { readonly kind: 'sign_in' }
  | { readonly kind: 'model' }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'bad_request' }
  | { readonly kind: 'burst' }
  | { readonly kind: 'overload' }
  | { readonly kind: 'server' }
  | { readonly kind: 'connection' }
  | { readonly kind: 'unknown' }

export function kindOf(refusal: Refusal): RefusalKind {
  const text = plainText(refusal.text)
  const decisionId = /Decision and proof: .*?\bexplain (dn_[\w-]+)/.exec(text)?.[1]
  if (decisionId !== undefined) return { kind: 'gateway', decisionId }
  const said = byWords(text)
  // "You've hit your limit" names none, and the service's own fields do.
  const isVague = said?.kind === 'window' && said.window === undefined
  if (said !== undefined && !isVague) return said
  return byClaim(refusal) ?? said ?? byStatus(statusOf(refusal, text), refusal, text)
}

/** Typographic apostrophes and odd spaces are all one here. */
const plainText = (text: string): string =>
  text.replaceAll(/[\u2018\u2019\u02bc]/g, "'").replaceAll(/\s+/g, ' ')

/** Words that say more than the status; the first that fits. */
const phrases: readonly (readonly [RegExp, RefusalKind])[] = [
  [
    /(usage credits|extra usage) (is |are )?required for (1m|long) context|long context (beta|requests)?\b.*(extra usage|usage credits)/i,
    { kind: 'long_context' },
  ],
  [/third-party apps? now draw|third-party (app|harness|client)s?\b/i, { kind: 'third_party' }],
  [/credential is only authorized for use with claude code/i, { kind: 'third_party' }],
  [/credit balance is too low/i, { kind: 'api_credit_out' }],
  [
    /(extra usage|usage credits) (is|are|was|were|has been|have been) (turned off|switched off|disabled|not enabled|off)\b/i,
    { kind: 'extra_usage_off' },
  ],
  [
    /(spend(ing)?|extra usage|usage credits?) (limit|cap)\b.{0,30}\b(reached|hit|exceeded)|(reached|hit|exceeded).{0,30}\b(monthly )?(spend(ing)?) (limit|cap)/i,
    { kind: 'cap_reached' },
  ],
  [/out of (extra usage|usage credits?)/i, { kind: 'extra_usage_out' }],
  [
    /organi[sz]ation (has been|is|was) (disabled|suspended)|disabled by your (organi[sz]ation|admin)|your (organi[sz]ation|admin(istrator)?) (has|does)( not|n't)?\b/i,
    { kind: 'organisation' },
  ],
  [
    /temporarily limiting requests|\(not your usage limit\)|number of (request|concurrent|input|output)/i,
    { kind: 'burst' },
  ],
  [
    /(hit|reached|exceeded) your (5-hour|session) limit|(5-hour|session) limit (reached|exceeded)/i,
    windowKind('session'),
  ],
  [
    /(hit|reached|exceeded) your opus limit|opus (weekly )?limit reached|weekly opus limit/i,
    windowKind('week_opus'),
  ],
  [
    /(hit|reached|exceeded) your sonnet limit|sonnet (weekly )?limit reached|weekly sonnet limit/i,
    windowKind('week_sonnet'),
  ],
  [
    /(hit|reached|exceeded) your weekly (usage )?limit|weekly (usage )?limit (reached|exceeded)/i,
    windowKind('week'),
  ],
  [
    /(hit|reached|exceeded) your (usage |plan )?limit|usage limit (reached|exceeded)/i,
    windowKind(undefined),
  ],
  [/usage policy|content filtering policy/i, { kind: 'bad_request' }],
  [/output token maximum|context limit reached/i, { kind: 'too_large' }],
  [/rate limit (reached|exceeded)/i, { kind: 'burst' }],
  [/overloaded/i, { kind: 'overload' }],
  [
    /invalid api key|please run \/login|oauth token (has )?(expired|been revoked)|not logged in|invalid (bearer token|authentication)/i,
    { kind: 'sign_in' },
  ],
  [/issue with the selected model|model: \S+.*not found/i, { kind: 'model' }],
  [
    /request too large|prompt is too long|exceeds? the maximum (size|allowed)/i,
    { kind: 'too_large' },
  ],
  [
    /connection (dropped|error|closed|refused|reset)|unable to connect|request timed out|\b(ECONN(RESET|REFUSED|ABORTED)|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE)\b|fetch failed|socket hang up|certificate/i,
    { kind: 'connection' },
  ],
]

function windowKind(window: WindowName | undefined): RefusalKind {
  return { kind: 'window', window }
}

const byWords = (text: string): RefusalKind | undefined =>
  phrases.find(([pattern]) => pattern.test(text))?.[1]

function byClaim({ quota }: Refusal): RefusalKind | undefined {
  if (quota?.status !== 'rejected') return undefined
  if (quota.claim === 'overage') return { kind: 'extra_usage_out' }
  return windowKind(windowOfClaim(quota.claim))
}

/** "API Error: 400 …" and "Request rejected (429)" name the status where the record has no field for it. */
function statusOf({ status }: Refusal, text: string): number | undefined {
  if (status !== undefined) return status
  const named = /API Error:? (?:\()?(\d{3})\b|\((\d{3})\)|^(\d{3}) /.exec(text)
  const digits = named?.[1] ?? named?.[2] ?? named?.[3]
  return digits === undefined ? undefined : Number(digits)
}

function byStatus(status: number | undefined, refusal: Refusal, text: string): RefusalKind {
  switch (status) {
    case 400:
    case 422:
      return { kind: 'bad_request' }
    case 401:
      return { kind: 'sign_in' }
    case 402:
      return { kind: 'payment' }
    case 403:
      return { kind: 'forbidden' }
    case 404:
      return { kind: 'model' }
    case 408:
      return { kind: 'connection' }
    case 413:
      return { kind: 'too_large' }
    case 429:
      return { kind: 'burst' }
    case 529:
      return { kind: 'overload' }
    default:
      if (status !== undefined && status >= 500) return { kind: 'server' }
      return byClass(refusal, text)
  }
}

function byClass({ errorClass, type }: Refusal, text: string): RefusalKind {
  switch (errorClass ?? type) {
    case 'rate_limit':
    case 'rate_limit_error':
      return { kind: 'burst' }
    case 'overloaded':
    case 'overloaded_error':
      return { kind: 'overload' }
    case 'server_error':
    case 'api_error':
      return { kind: 'server' }
    case 'authentication_failed':
    case 'authentication_error':
      return { kind: 'sign_in' }
    case 'oauth_org_not_allowed':
      return { kind: 'organisation' }
    case 'permission_error':
      return { kind: 'forbidden' }
    case 'billing_error':
      return { kind: 'payment' }
    case 'model_not_found':
    case 'not_found_error':
      return { kind: 'model' }
    case 'invalid_request':
    case 'invalid_request_error':
      return { kind: 'bad_request' }
    default:
      return /internal server error|server-side issue/i.test(text)
        ? { kind: 'server' }
        : { kind: 'unknown' }
  }
}
