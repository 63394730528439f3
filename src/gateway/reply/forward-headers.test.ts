import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findHeader, toCallerHeaders, toUpstreamHeaders } from './forward-headers.ts'

const credential = { key: 'sk-operator', authStyle: 'x-api-key' } as const

/** Header lines as the flat list of names and values that Node gives. */
const flat = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)])

test('a request keeps the order, case and repetition of what it does not have to change', () => {
  const sent = toUpstreamHeaders(
    flat([
      'Host: 127.0.0.1:4180',
      'User-Agent: claude-cli/2.1.330',
      'X-ODD-Case:  a ',
      'Authorization: Bearer plim_x',
      'Accept-Encoding: gzip, br',
      'anthropic-beta: a',
      'Content-Length: 12',
      'anthropic-beta: b,unknown-2031-01-01',
      'x-empty: ',
      'Connection: keep-alive, X-Mine',
      'x-mine: 1',
      'Keep-Alive: 5',
      'TE: trailers',
      'x-plimsoll-extra-usage: never',
      'Expect: 100-continue',
    ]),
    credential,
  )

  assert.deepEqual(
    sent,
    flat([
      'User-Agent: claude-cli/2.1.330',
      'X-ODD-Case:  a ',
      'x-api-key: sk-operator',
      'Accept-Encoding: identity',
      'anthropic-beta: a',
      'anthropic-beta: b,unknown-2031-01-01',
      'x-empty: ',
    ]),
  )
})

test('the caller credential never reaches the upstream, in whichever headers it came', () => {
  const caller = ['x-api-key', 'plim_x', 'AUTHORIZATION', 'Bearer plim_x', 'X-Api-Key', 'plim_x']
  for (const authStyle of ['x-api-key', 'bearer'] as const) {
    const sent = toUpstreamHeaders(caller, { key: 'sk-operator', authStyle })

    assert.ok(!sent.join().includes('plim_x'))
    assert.equal(sent.filter((value) => value.includes('sk-operator')).length, 1)
  }
})

test('a connection header cannot take the credential or the encoding away', () => {
  const sent = toUpstreamHeaders(['Connection', 'x-api-key, accept-encoding'], credential)

  assert.deepEqual(sent, ['x-api-key', 'sk-operator', 'accept-encoding', 'identity'])
})

test('a reply loses hop-by-hop and limit headers, and nothing else', () => {
  const received = toCallerHeaders(
    flat([
      'Date: Sun, 22 Nov 2026 07:00:00 GMT',
      'Transfer-Encoding: chunked',
      'Connection: keep-alive',
      'request-id: req_1',
      'Set-Cookie: a=1',
      'Set-Cookie: b',
      'anthropic-ratelimit-requests-limit: 50',
      'Anthropic-RateLimit-Unified-Status: x',
      'retry-after: 3',
      'anthropic-organization-id: org',
      'x-plimsoll-decision: hold_x',
    ]),
  )

  assert.deepEqual(
    received,
    flat([
      'Date: Sun, 22 Nov 2026 07:00:00 GMT',
      'request-id: req_1',
      'Set-Cookie: a=1',
      'Set-Cookie: b',
      'retry-after: 3',
      'anthropic-organization-id: org',
    ]),
  )
})

test('a header is found whatever its case', () => {
  assert.equal(
    findHeader(['Content-TYPE', 'text/event-stream'], 'content-type'),
    'text/event-stream',
  )
  assert.equal(findHeader(['Content-TYPE', 'x'], 'content-length'), undefined)
})
