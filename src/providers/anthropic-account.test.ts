import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountTroubleInEvent, accountTroubleOf } from './anthropic-account.ts'

const error = (type: string, message: string): string =>
  JSON.stringify({ type: 'error', error: { type, message } })

test("the operator's own credential, billing and quota are told from everybody else's errors", () => {
  const own: readonly [number, string][] = [
    [401, error('authentication_error', 'invalid x-api-key')],
    [402, error('billing_error', 'anything')],
    [402, '<html>Payment Required</html>'],
    [
      400,
      error('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
    ],
    [400, error('invalid_request_error', "You're out of extra usage. Add more and keep going.")],
    [400, error('invalid_request_error', 'You have reached your specified API usage limits.')],
    [
      400,
      error(
        'invalid_request_error',
        'Third-party apps now draw from your extra usage, not your plan limits.',
      ),
    ],
    [400, error('billing_error', 'x')],
    [403, error('permission_error', 'Your organization has been disabled.')],
    [403, error('permission_error', 'This API key is not allowed to use this model')],
    [429, error('rate_limit_error', 'Usage credits are required for long context requests.')],
    [429, error('rate_limit_error', 'Extra usage is required for long context requests.')],
    [429, error('billing_error', 'spend limit reached (daily)')],
  ]
  for (const [status, body] of own) {
    assert.ok(accountTroubleOf({ status, body }), body)
    assert.ok(accountTroubleOf({ status, body: Buffer.from(body) }), body)
  }
})

test('errors that are about the request, or pass by themselves, go through as they came', () => {
  const others: readonly [number, string][] = [
    [400, error('invalid_request_error', 'max_tokens: 200000 > 128000')],
    [400, error('invalid_request_error', 'messages.0: "your credit balance is too low" is odd')],
    [400, error('invalid_request_error', 'prompt is too long')],
    [404, error('not_found_error', 'model: claude-credit')],
    [413, error('request_too_large', 'credit')],
    [
      429,
      error(
        'rate_limit_error',
        'This request would exceed your rate limit of 50 requests per minute',
      ),
    ],
    [500, error('api_error', 'billing')],
    [529, error('overloaded_error', 'Overloaded')],
    [400, ''],
    [429, 'null'],
    [429, '{"error":null}'],
    [429, '{"error":'],
  ]
  for (const [status, body] of others) assert.equal(accountTroubleOf({ status, body }), null, body)
})

test('wordings of one trouble are one kind, and what is about one model pauses no key', () => {
  const cases: readonly (readonly [number, string, string, boolean])[] = [
    [401, error('authentication_error', 'invalid x-api-key'), 'credential', true],
    [400, error('invalid_request_error', 'Credit balance is too low'), 'billing', true],
    [400, error('invalid_request_error', 'You\u2019re out of usage credits'), 'quota', true],
    [400, error('invalid_request_error', 'You&#39;re out of extra usage.'), 'quota', true],
    [400, error('invalid_request_error', 'You are out of credits.'), 'billing', true],
    [
      400,
      error('invalid_request_error', "You've reached your monthly spend limit."),
      'quota',
      true,
    ],
    [400, error('invalid_request_error', 'You have hit your API usage limits.'), 'quota', true],
    [400, error('invalid_request_error', 'This organization has been disabled.'), 'disabled', true],
    [400, error('invalid_request_error', 'Your account was suspended.'), 'disabled', true],
    [403, error('permission_error', 'OAuth token has expired'), 'credential', true],
    [403, error('permission_error', 'Your API key may not use this model'), 'permission', false],
    [429, error('rate_limit_error', 'Extra usage is required for long context'), 'quota', false],
    [
      400,
      error('invalid_request_error', 'Usage credits are required for fast mode'),
      'quota',
      false,
    ],
    [429, error('rate_limit_error', 'You are out of usage limits'), 'quota', true],
  ]
  for (const [status, body, kind, isWhole] of cases) {
    assert.deepEqual(accountTroubleOf({ status, body }), { kind, isWhole }, body)
  }
})

test('a 429 whose limit headers say that the plan behind the key is spent is about the account', () => {
  const body = error('rate_limit_error', "This request would exceed your account's rate limit.")

  assert.equal(accountTroubleOf({ status: 429, body }), null)
  assert.equal(accountTroubleOf({ status: 429, body, isPlanSpent: true })?.kind, 'quota')
  assert.equal(accountTroubleOf({ status: 529, body, isPlanSpent: true }), null)
})

test('an error event inside a stream is judged by its type', () => {
  const own = [
    error('billing_error', 'x'),
    error('authentication_error', 'x'),
    error('invalid_request_error', 'Your credit balance is too low'),
    error('rate_limit_error', "You're out of extra usage"),
  ]
  const others = [
    error('overloaded_error', 'Your credit balance is too low'),
    error('api_error', 'billing'),
    error('rate_limit_error', 'Too many requests'),
    error('invalid_request_error', 'messages: out of extra usage'),
    '{"type":"error"',
    '',
  ]

  for (const data of own) assert.ok(accountTroubleInEvent(data), data)
  for (const data of others) assert.equal(accountTroubleInEvent(data), null, data)
})
