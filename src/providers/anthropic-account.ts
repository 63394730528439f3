/**
 * Tells errors about the operator's own account (credential, billing, quota) from all others. Their text
 * speaks of "your" credit and would read as the member's limit (DESIGN, "When something is away").
 */
export type AccountTrouble = {
  readonly kind: 'credential' | 'permission' | 'billing' | 'quota' | 'disabled'
  /**
   * Whether every request with this key would meet it. What is about one model or one way of asking
   * (a long context, fast mode) says nothing about the next request.
   */
  readonly isWhole: boolean
}

export type UpstreamError = {
  readonly status: number
  readonly body: string | Uint8Array
  /** The upstream says by its own limit headers that the plan behind the key is used up. */
  readonly isPlanSpent?: boolean
}

/** Null for an error that is about the request, or passes by itself: it goes to the caller as it came. */
export function accountTroubleOf(error: UpstreamError): AccountTrouble | null {
  const { status, body } = error
  if (status === 401) return whole('credential')
  if (status === 402) return whole('billing')
  if (status !== 400 && status !== 403 && status !== 429) return null
  const { type, message } = readError(body)
  if (type === 'billing_error') return whole('billing')
  if (type === 'authentication_error') return whole('credential')
  if (status === 429 && error.isPlanSpent === true) return whole('quota')
  const isAbout = { 400: accountSentence, 403: accountWords, 429: moneyWords }[status]
  return isAbout.test(message) ? troubleIn(message, status) : null
}

/** The same for an error event inside a stream, which has a type in the place of a status. */
export function accountTroubleInEvent(data: string): AccountTrouble | null {
  const status = statusOfType[readError(data).type]
  return status === undefined ? null : accountTroubleOf({ status, body: data })
}

const statusOfType: Readonly<Record<string, number>> = {
  authentication_error: 401,
  billing_error: 402,
  invalid_request_error: 400,
  permission_error: 403,
  rate_limit_error: 429,
}

const whole = (kind: AccountTrouble['kind']): AccountTrouble => ({ kind, isWhole: true })

function troubleIn(message: string, status: number): AccountTrouble {
  if (partial.test(message))
    return { kind: status === 403 ? 'permission' : 'quota', isWhole: false }
  if (/disabled|suspended|deactivated|banned/i.test(message)) return whole('disabled')
  if (/extra usage|usage credits|usage limit|spend/i.test(message)) return whole('quota')
  if (/credit|billing|payment/i.test(message)) return whole('billing')
  if (/credential|oauth|api key|token/i.test(message)) return whole('credential')
  return { kind: 'permission', isWhole: false }
}

/** About a model, a feature or a size: another request with the same key can pass. */
const partial = /long context|1m context|fast mode|\bmodel\b|\bbeta\b|feature/i

const errorBytesMax = 64 * 1024
const moneyWords =
  /credit|extra usage|billing|spend(ing)? (limit|cap)|usage limits?\b|out of usage/i
const accountWords = new RegExp(
  `${moneyWords.source}|payment|organization|workspace|account|api key|credential|oauth|token`,
  'i',
)
/** Errors about a request quote from it, so on a 400 only whole known openings count. */
const accountSentence = new RegExp(
  `^(${[
    '(your )?(api )?credit balance',
    "you(\u2019|'|&#0?39;)?( a)?re out of (extra usage|usage credits|credits)",
    "you(\u2019|'|&#0?39;)?(ve| have) (reached|hit|exceeded) your (specified |monthly |current )?(api |workspace |organization )*(usage|spend(ing)?) (limit|cap)s?",
    'third-party apps now draw',
    '(this|your) (organization|workspace|account) (has been|is|was) (disabled|suspended|deactivated|banned)',
    'extra usage is required',
    'usage credits (are )?required',
    'this credential is only authorized',
    '(your )?(oauth token|api key) (has expired|has been revoked|is invalid|was revoked)',
  ].join('|')})`,
  'i',
)

function readError(body: string | Uint8Array): { readonly type: string; readonly message: string } {
  const text =
    typeof body === 'string'
      ? body.slice(0, errorBytesMax)
      : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString(
          'utf8',
          0,
          errorBytesMax,
        )
  try {
    const error: unknown = JSON.parse(text)?.error
    if (typeof error === 'object' && error !== null && 'message' in error) {
      const type = 'type' in error ? String(error.type) : ''
      return { type, message: String(error.message).trim() }
    }
  } catch {
    // Not JSON: a proxy in between may answer in plain words.
  }
  return { type: '', message: text }
}
