import assert from 'node:assert/strict'
import { test } from 'node:test'
import { phraseFailure, phraseStreamFailure, type Failure } from './anthropic-failure.ts'

const requestId = 'req_1'
const failures: readonly Failure[] = [
  { kind: 'invalid_request', message: 'model: Field required' },
  { kind: 'unknown_key', problem: 'missing' },
  { kind: 'unknown_key', problem: 'conflicting' },
  { kind: 'unknown_key', problem: 'unknown' },
  { kind: 'unknown_key', problem: 'foreign' },
  { kind: 'limits_unavailable' },
  { kind: 'upstream_account' },
  { kind: 'upstream_busy' },
  { kind: 'upstream_unreachable' },
  { kind: 'stopping' },
  { kind: 'fault' },
  { kind: 'unmetered_path' },
  { kind: 'unmetered_path', slip: 'version_twice' },
  { kind: 'unmetered_path', slip: 'browser' },
  { kind: 'body_too_large' },
  { kind: 'no_room' },
  { kind: 'hold_expired' },
  { kind: 'took_too_long' },
  { kind: 'model_unpriced', model: 'gpt-6' },
  { kind: 'too_fast', retryAfterMs: 1200 },
]

test('every failure has the shape of the API, a stable code, and a word on retrying', () => {
  for (const failure of failures) {
    const reply = phraseFailure({ failure, requestId })
    const body = JSON.parse(reply.body)

    assert.equal(body.type, 'error')
    assert.equal(body.request_id, requestId)
    assert.equal(body.error.details.error_code, failure.kind)
    assert.ok(body.error.message.length > 10)
    assert.match(body.error.type, /^[a-z_]+$/)
    assert.equal(reply.headers['request-id'], requestId)
    const isPassing = reply.headers['x-should-retry'] === 'true'
    assert.equal(isPassing, Number(reply.headers['retry-after']) >= 1)
    const isForPeople = failure.kind === 'upstream_account'
    assert.equal(isPassing, [429, 502, 503].includes(reply.status) && !isForPeople, failure.kind)
  }
})

test('D12: unavailable limits are a 503 with a time to retry, and never read as used up', () => {
  const reply = phraseFailure({ failure: { kind: 'limits_unavailable' }, requestId })

  assert.equal(reply.status, 503)
  assert.ok(Number(reply.headers['retry-after']) >= 1)
  assert.doesNotMatch(reply.body, /out of|used up|reached your/i)
})

test("D12: the operator's own account trouble is a 503 that no client repeats by itself, and never reads as used up", () => {
  const reply = phraseFailure({ failure: { kind: 'upstream_account' }, requestId })

  assert.equal(reply.status, 503)
  assert.equal(reply.headers['x-should-retry'], 'false')
  assert.doesNotMatch(reply.body, /out of|used up|reached your/i)
})

test('a failure inside a stream is an error event of its own', () => {
  const text = phraseStreamFailure({ failure: { kind: 'hold_expired' }, requestId })
  const [line = '', data = '', ...rest] = text.split('\n')

  assert.equal(line, 'event: error')
  assert.deepEqual(rest, ['', ''])
  assert.equal(JSON.parse(data.replace('data: ', '')).error.type, 'timeout_error')
})

test('a pace that is too high is told to wait at least a second', () => {
  const after = (retryAfterMs: number): string | undefined =>
    phraseFailure({ failure: { kind: 'too_fast', retryAfterMs }, requestId }).headers['retry-after']

  assert.equal(after(1200), '2')
  assert.equal(after(1), '1')
  assert.equal(after(0), '1')
})

test('an address with /v1 at its end is told apart from a model that does not exist', () => {
  const failure = { kind: 'unmetered_path', slip: 'version_twice' } as const
  const reply = phraseFailure({ failure, requestId })

  assert.equal(reply.status, 400)
  assert.match(reply.body, /without \/v1 at its end/)
})
