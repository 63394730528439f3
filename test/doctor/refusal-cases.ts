import type { VerdictCode } from '../../src/doctor/verdict/verdict.ts'
import { jsonReply, type Answer } from '../e2e/scripted-upstream.ts'
import type { Credential } from '../e2e/claude-client.ts'

/** Each way in which the real client was seen to be refused, and what the doctor has to make of it without figures. */
export type RefusalCase = {
  readonly name: string
  readonly credential: Credential
  readonly answer: Answer
  readonly ruling: VerdictCode
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

const oauth = 'CLAUDE_CODE_OAUTH_TOKEN'
const apiKey = 'ANTHROPIC_API_KEY'
const oneRetry = { CLAUDE_CODE_MAX_RETRIES: '1' }

type Said = {
  readonly status: number
  readonly type: string
  readonly message: string
  readonly headers?: readonly string[]
}

const saying =
  ({ status, type, message, headers = [] }: Said): Answer =>
  (call) => {
    const body = { type: 'error', error: { type, message }, request_id: 'req_scripted' }
    call.send(jsonReply(status, body, ['request-id: req_scripted', ...headers]))
  }

const hourSeconds = 3600
const soonSeconds = (): number => Math.floor(Date.now() / 1000) + 3 * hourSeconds

/** The service's own headers, with one limit that rejects. */
function unified(claim: string, more: readonly string[] = []): readonly string[] {
  const reset = soonSeconds()
  const status = (name: string): string => (claim === name ? 'rejected' : 'allowed')
  const used = (name: string): string => (claim === name ? '1' : '0.3')
  return [
    'anthropic-ratelimit-unified-status: rejected',
    `anthropic-ratelimit-unified-reset: ${reset}`,
    `anthropic-ratelimit-unified-representative-claim: ${claim}`,
    `anthropic-ratelimit-unified-5h-utilization: ${used('five_hour')}`,
    `anthropic-ratelimit-unified-5h-reset: ${reset}`,
    `anthropic-ratelimit-unified-5h-status: ${status('five_hour')}`,
    `anthropic-ratelimit-unified-7d-utilization: ${used('seven_day')}`,
    `anthropic-ratelimit-unified-7d-reset: ${reset}`,
    `anthropic-ratelimit-unified-7d-status: ${status('seven_day')}`,
    'anthropic-ratelimit-unified-overage-status: rejected',
    ...more,
  ]
}

const limited = (claim: string, more?: readonly string[]): Answer =>
  saying({
    status: 429,
    type: 'rate_limit_error',
    message: "This request would exceed your account's rate limit. Please try again later.",
    headers: unified(claim, more),
  })

const closed = (reason: string): readonly string[] => [
  `anthropic-ratelimit-unified-overage-disabled-reason: ${reason}`,
]

const outMessage = "You're out of extra usage. Add more at claude.ai/settings/usage and keep going."
const bad = (message: string): Answer =>
  saying({ status: 400, type: 'invalid_request_error', message })

export const refusalCases: readonly RefusalCase[] = [
  {
    name: 'out-of-extra-usage',
    credential: oauth,
    answer: bad(outMessage),
    ruling: 'possibly_false',
  },
  {
    name: 'out-of-extra-usage-key',
    credential: apiKey,
    answer: bad(outMessage),
    ruling: 'possibly_false',
  },
  {
    name: 'out-of-usage-credits',
    credential: oauth,
    answer: bad(
      "You're out of usage credits. Add more at claude.ai/settings/usage and keep going.",
    ),
    ruling: 'possibly_false',
  },
  {
    name: 'out-of-extra-usage-old-betas',
    credential: apiKey,
    answer: bad(outMessage),
    ruling: 'possibly_false',
    environment: { CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS: '1' },
  },
  {
    name: 'third-party-apps',
    credential: oauth,
    answer: bad(
      'Third-party apps now draw from your extra usage, not your plan limits. Add more at claude.ai/settings/usage and keep going.',
    ),
    ruling: 'request_or_client',
  },
  {
    name: 'another-400',
    credential: apiKey,
    answer: bad('messages.1: Unexpected role "system".'),
    ruling: 'request_or_client',
  },
  {
    name: 'session-limit',
    credential: oauth,
    answer: limited('five_hour', closed('out_of_credits')),
    ruling: 'true_limit',
  },
  {
    name: 'weekly-limit',
    credential: oauth,
    answer: limited('seven_day', closed('org_level_disabled')),
    ruling: 'true_limit',
  },
  {
    name: 'opus-limit',
    credential: oauth,
    answer: limited('seven_day_opus'),
    ruling: 'true_limit',
  },
  {
    name: 'sonnet-limit',
    credential: oauth,
    answer: limited('seven_day_sonnet'),
    ruling: 'true_limit',
  },
  {
    name: 'overage-out-of-credits',
    credential: oauth,
    answer: limited('overage', closed('out_of_credits')),
    ruling: 'out_of_balance',
  },
  {
    name: 'overage-organisation',
    credential: oauth,
    answer: limited('overage', closed('org_level_disabled')),
    ruling: 'organisation',
  },
  {
    name: 'overage-not-set-up',
    credential: oauth,
    answer: limited('overage', closed('overage_not_provisioned')),
    ruling: 'extra_usage_off',
  },
  {
    name: 'burst-key',
    credential: apiKey,
    answer: saying({
      status: 429,
      type: 'rate_limit_error',
      message: 'Number of request tokens has exceeded your per-minute rate limit',
      headers: ['retry-after: 120'],
    }),
    ruling: 'burst',
  },
  {
    name: 'burst-no-retry',
    credential: apiKey,
    answer: saying({
      status: 429,
      type: 'rate_limit_error',
      message: 'Slow down.',
      headers: ['x-should-retry: false'],
    }),
    ruling: 'burst',
  },
  {
    name: 'burst-retried',
    credential: apiKey,
    answer: saying({
      status: 429,
      type: 'rate_limit_error',
      message: 'Slow down.',
      headers: ['retry-after: 1'],
    }),
    ruling: 'burst',
    environment: oneRetry,
  },
  {
    name: 'burst-oauth',
    credential: oauth,
    answer: saying({ status: 429, type: 'rate_limit_error', message: 'Slow down.' }),
    ruling: 'burst',
    environment: oneRetry,
  },
  {
    name: 'unified-with-key',
    credential: apiKey,
    answer: saying({
      status: 429,
      type: 'rate_limit_error',
      message: 'Slow down.',
      headers: [...unified('five_hour'), 'x-should-retry: false'],
    }),
    ruling: 'burst',
  },
  {
    name: 'long-context',
    credential: oauth,
    answer: saying({
      status: 429,
      type: 'rate_limit_error',
      message: 'Extra usage is required for long context requests.',
    }),
    ruling: 'long_context',
    args: ['--model', 'opus[1m]'],
  },
  {
    name: 'api-credit',
    credential: apiKey,
    answer: saying({
      status: 402,
      type: 'billing_error',
      message:
        'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
    }),
    ruling: 'out_of_balance',
  },
  {
    name: 'api-credit-400',
    credential: apiKey,
    answer: bad(
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
    ),
    ruling: 'out_of_balance',
  },
  {
    name: 'another-402',
    credential: apiKey,
    answer: saying({
      status: 402,
      type: 'billing_error',
      message: 'Payment is needed: https://billing.example/pay',
    }),
    ruling: 'out_of_balance',
  },
  {
    name: 'spend-limit',
    credential: apiKey,
    answer: saying({
      status: 429,
      type: 'billing_error',
      message: 'spend limit reached (daily; resets 2026-11-28 00:00 UTC)',
      headers: ['x-should-retry: false'],
    }),
    ruling: 'cap_reached',
  },
  {
    name: 'forbidden',
    credential: apiKey,
    answer: saying({
      status: 403,
      type: 'permission_error',
      message: 'Your account does not have permission to use this resource.',
    }),
    ruling: 'organisation',
  },
  {
    name: 'sign-in',
    credential: apiKey,
    answer: saying({ status: 401, type: 'authentication_error', message: 'invalid x-api-key' }),
    ruling: 'sign_in',
    environment: oneRetry,
  },
  {
    name: 'sign-in-oauth',
    credential: oauth,
    answer: saying({
      status: 401,
      type: 'authentication_error',
      message: 'OAuth token has expired.',
    }),
    ruling: 'sign_in',
    environment: oneRetry,
  },
  {
    name: 'model-unknown',
    credential: apiKey,
    answer: saying({ status: 404, type: 'not_found_error', message: 'model: claude-none-1' }),
    ruling: 'request_or_client',
    args: ['--model', 'claude-none-1'],
  },
  {
    name: 'too-large',
    credential: apiKey,
    answer: saying({
      status: 413,
      type: 'request_too_large',
      message: 'Request exceeds the maximum size',
    }),
    ruling: 'request_or_client',
  },
  {
    name: 'overloaded',
    credential: apiKey,
    answer: saying({ status: 529, type: 'overloaded_error', message: 'Overloaded' }),
    ruling: 'server_trouble',
    environment: oneRetry,
  },
  {
    name: 'failed-inside',
    credential: apiKey,
    answer: saying({ status: 500, type: 'api_error', message: 'Internal server error' }),
    ruling: 'server_trouble',
    environment: oneRetry,
  },
  {
    name: 'bad-gateway',
    credential: apiKey,
    answer: saying({ status: 502, type: 'api_error', message: 'Bad gateway' }),
    ruling: 'server_trouble',
    environment: oneRetry,
  },
  {
    name: 'unavailable',
    credential: oauth,
    answer: saying({
      status: 503,
      type: 'api_error',
      message: 'Service unavailable',
      headers: ['retry-after: 1'],
    }),
    ruling: 'server_trouble',
    environment: oneRetry,
  },
  {
    name: 'dropped',
    credential: apiKey,
    answer: (call) => call.reset(),
    ruling: 'connection',
    environment: oneRetry,
  },
  {
    name: 'plimsoll-limit',
    credential: apiKey,
    answer: saying({
      status: 429,
      type: 'rate_limit_error',
      message:
        'Your session limit is used up: $0.30 of $0.25. It resets at 20:44 (UTC), in 5 h.\nExtra usage did not help: it is turned off. Balance $0.00. Spent this month $0.00, with no cap.\nTo go on: turn on extra usage (npm run plimsoll -- extra on) and add to the balance (npm run plimsoll -- topup 5); or wait until 20:44 (UTC). What is left: http://127.0.0.1:4181\nDecision and proof: npm run plimsoll -- explain dn_BGRlbW8EZGVtbxHSqrmfoDQE',
      headers: ['x-should-retry: false'],
    }),
    ruling: 'true_limit',
  },
  {
    name: 'plimsoll-paused',
    credential: apiKey,
    answer: saying({
      status: 403,
      type: 'permission_error',
      message:
        'This seat is paused, so its requests are refused. Ask your operator.\nDecision and proof: npm run plimsoll -- explain dn_BGRlbW8EZGVtbxHSqrmfoDQE',
    }),
    ruling: 'organisation',
  },
]

/** Words of the screen by which a case is known to have come to its end. */
export const onScreen: Readonly<Record<string, string>> = {
  'out-of-extra-usage': "You're out of extra usage",
  'session-limit': "You've hit your 5-hour limit",
  'another-402': 'Payment is needed',
  'plimsoll-limit': 'Decision and proof',
}
