/**
 * Failures and refusals that are no decision about limits, in the error shape of the Messages API:
 * https://platform.claude.com/docs/en/api/errors
 */
export type Reply = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type Failure =
  | { readonly kind: 'invalid_request'; readonly message: string }
  | { readonly kind: 'unknown_key'; readonly problem: KeyProblem }
  | { readonly kind: 'limits_unavailable' | 'upstream_unreachable' | 'upstream_busy' }
  | { readonly kind: 'upstream_account'; readonly retryAfterMs?: number | undefined }
  | { readonly kind: 'stopping' | 'fault' | 'body_too_large' | 'no_room' }
  | { readonly kind: 'unmetered_path'; readonly slip?: PathSlip | undefined }
  | { readonly kind: 'hold_expired' | 'took_too_long' }
  | { readonly kind: 'customer_inactive' | 'member_inactive' }
  | { readonly kind: 'model_unpriced'; readonly model: string }
  | { readonly kind: 'too_fast'; readonly retryAfterMs: number }

/** What is wrong with the key; a foreign one does not even look like one of ours. */
export type KeyProblem = 'missing' | 'conflicting' | 'unknown' | 'foreign'

/** Slips that are easy to make with an address, and are answered with the way out of them. */
export type PathSlip = 'version_twice' | 'browser'

type Shape = {
  readonly status: number
  readonly type: string
  /** Whether the same request can pass soon; a client should then repeat it by itself. */
  readonly retryAfterSeconds: number | null
}

const final = (status: number, type: string): Shape => ({ status, type, retryAfterSeconds: null })
const passing = (status: number, retryAfterSeconds: number): Shape => ({
  status,
  type: 'api_error',
  retryAfterSeconds,
})

const shapes: Readonly<Record<Failure['kind'], Shape>> = {
  invalid_request: final(400, 'invalid_request_error'),
  unknown_key: final(401, 'authentication_error'),
  customer_inactive: final(403, 'permission_error'),
  member_inactive: final(403, 'permission_error'),
  unmetered_path: final(404, 'not_found_error'),
  model_unpriced: final(404, 'not_found_error'),
  body_too_large: final(413, 'request_too_large'),
  too_fast: { status: 429, type: 'rate_limit_error', retryAfterSeconds: 1 },
  fault: final(500, 'api_error'),
  upstream_unreachable: passing(502, 2),
  limits_unavailable: passing(503, 2),
  // A person has to act first: repeating by itself would only keep the caller in silence for minutes.
  upstream_account: final(503, 'api_error'),
  stopping: passing(503, 2),
  upstream_busy: passing(503, 2),
  no_room: passing(503, 1),
  hold_expired: final(504, 'timeout_error'),
  took_too_long: final(504, 'timeout_error'),
}

/** A 404 reads to clients as a model that does not exist, and they hide its words: a wrong base address is none. */
function shapeOf(failure: Failure): Shape {
  const isAddressWrong = failure.kind === 'unmetered_path' && failure.slip === 'version_twice'
  return shapes[isAddressWrong ? 'invalid_request' : failure.kind]
}

export function phraseFailure(facts: {
  readonly failure: Failure
  readonly requestId: string
}): Reply {
  const { failure, requestId } = facts
  const { status, type, retryAfterSeconds } = shapeOf(failure)
  const afterMs = 'retryAfterMs' in failure ? failure.retryAfterMs : undefined
  const seconds = afterMs === undefined ? retryAfterSeconds : Math.ceil(afterMs / 1000)
  return {
    status,
    headers: {
      ...errorHeaders(requestId),
      ...retryHeaders({
        isWorthwhile: retryAfterSeconds !== null,
        afterSeconds: seconds,
      }),
    },
    body: errorBody({ type, message: wordsFor(failure), requestId, code: failure.kind }),
  }
}

/** The same inside a stream that has begun: its last event. */
export function phraseStreamFailure(facts: {
  readonly failure: Failure
  readonly requestId: string
}): string {
  const { failure, requestId } = facts
  const { type } = shapes[failure.kind]
  const message = failure.kind === 'upstream_account' ? accountStreamWords : wordsFor(failure)
  const body = errorBody({ type, message, requestId, code: failure.kind })
  return `event: error\ndata: ${body}\n\n`
}

function wordsFor(failure: Failure): string {
  switch (failure.kind) {
    case 'invalid_request':
      return failure.message
    case 'unknown_key':
      return keyWords[failure.problem]
    case 'customer_inactive':
      return pausedWords.customer_inactive
    case 'member_inactive':
      return pausedWords.member_inactive
    case 'unmetered_path':
      return pathWords[failure.slip ?? 'other']
    case 'model_unpriced':
      return `model: ${failure.model.slice(0, 200)} has no price here, so it cannot be metered. Use another model, or ask your operator to add its price.`
    case 'body_too_large':
      return 'Request exceeds the maximum size. Send a smaller one.'
    case 'too_fast':
      return 'Requests with this key are coming too fast. This is about pace only: no limit or balance is used up. Slow down a little.'
    case 'limits_unavailable':
      return 'Your limits cannot be read at this moment, so the request was not sent on. Nothing was used or charged, and this says nothing about what you have left. Please try again.'
    case 'upstream_account':
      return "The model provider refused this service's own account. It is not about your limits or your balance: nothing was charged, and the operator has been alerted. Please try again later."
    case 'upstream_unreachable':
      return 'The model provider could not be reached. Nothing was used or charged. Please try again.'
    case 'upstream_busy':
      return 'This gateway has as many requests at the model provider as it may have at once, and no place became free in time. Nothing was used or charged, and this says nothing about what you have left. Please try again.'
    case 'fault':
      return 'This gateway failed to handle the request, by a fault of its own. It is not about your limits or your balance, and the operator can see it in the log.'
    case 'no_room':
      return 'This gateway holds as many large requests as it can at this moment. Nothing was used or charged. Please try again.'
    case 'hold_expired':
      return 'This answer ran longer than a request may here, so it was cut. What was delivered is counted, the rest is not.'
    case 'took_too_long':
      return 'The model provider took longer than a request may run here. Nothing was charged. Streaming, or a smaller max_tokens, helps.'
    case 'stopping':
      return 'This gateway is restarting. Only what was delivered is counted. Please try again.'
  }
}

const accountStreamWords =
  "The model provider ended this answer over this service's own account. It is not about your limits or your balance, and the operator has been alerted. Only what was delivered is counted. Please try again later."

export const pausedWords = {
  customer_inactive: 'This account is paused, so its requests are refused. Ask your operator.',
  member_inactive: 'This seat is paused, so its requests are refused. Ask your operator.',
} as const

const servedPaths =
  'only POST /v1/messages, POST /v1/messages/count_tokens and GET /v1/models are served here'

const pathWords = {
  other: `Not found: ${servedPaths}.`,
  version_twice:
    'The address of the gateway has to be given without /v1 at its end (ANTHROPIC_BASE_URL, or base_url of an SDK): the client adds it by itself.',
  browser: `This is the gateway, for programs: ${servedPaths}. The page to look at has an address of its own, which the start of the server prints as "Page".`,
} as const

const keyWords = {
  missing: 'No key was sent. Send your Plimsoll key (it begins with plim_) as x-api-key or bearer.',
  unknown: 'This key is not known here, or was revoked. Ask your operator for a new one.',
  foreign:
    'What was sent is not a Plimsoll key: those begin with plim_. Send yours as x-api-key or bearer; keys of the model provider do not work here.',
  conflicting:
    'Two different keys were sent. Send one, or the same in x-api-key and authorization.',
} as const

export type ErrorFacts = {
  readonly type: string
  readonly message: string
  readonly requestId: string
  /** A stable word for programs, and whatever else helps them. */
  readonly code: string
  readonly details?: Readonly<Record<string, unknown>>
}

export function errorBody({ type, message, requestId, code, details }: ErrorFacts): string {
  const error = { type, message, details: { error_code: code, ...details } }
  return JSON.stringify({ type: 'error', error, request_id: requestId })
}

export const errorHeaders = (requestId: string): Readonly<Record<string, string>> => ({
  'content-type': 'application/json',
  'request-id': requestId,
})

/** Clients obey `x-should-retry` before they look at anything else. */
export function retryHeaders(retry: {
  readonly isWorthwhile: boolean
  readonly afterSeconds: number | null
}): Readonly<Record<string, string>> {
  const shouldRetry = { 'x-should-retry': retry.isWorthwhile ? 'true' : 'false' }
  if (retry.afterSeconds === null) return shouldRetry
  return { ...shouldRetry, 'retry-after': String(Math.max(1, retry.afterSeconds)) }
}
