import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openRaw, parseReply, rawExchange, requestBytes } from './raw-http.ts'
import {
  answering,
  headerOf,
  jsonReply,
  message,
  messageEvents,
  piece,
  reply,
  streamEnd,
  streamHead,
  type Answer,
} from './scripted-upstream.ts'
import { askBody, errorOf, openScriptedWorld } from './scripted-world.ts'
import { operatorKey } from './world.ts'

const usage = { input_tokens: 1000, output_tokens: 50 }
const hi = answering('hi', usage)

test('a request reaches the upstream byte for byte but for its credential and encoding', async () => {
  await using world = await openScriptedWorld(hi)
  const body = Buffer.from(
    `{ "model":"claude-sonnet-4-5" ,"max_tokens": 1e2,\n"unknown_field":{"deep":[1.0,-0,"\\u00e9 é"]},` +
      `"messages":[{"role":"system","content":"mid"},{"role":"martian","content":null}]}\n`,
  )
  const connection = await openRaw(world.url)
  connection.write(
    requestBytes({
      path: '/v1/messages?beta=true&odd=%2F%20x',
      headers: [
        ['User-Agent', 'claude-cli/2.1.330 (external, sdk-cli)'],
        ['X-ODD-cAsE', '\u00e9 kept'],
        ['Authorization', `Bearer ${world.seat.keyText}`],
        ['anthropic-beta', 'claude-code-20250219,oauth-2025-04-20,unknown-2031-01-01'],
        ['anthropic-beta', 'second-line'],
        ['Accept-Encoding', 'gzip, deflate, br, zstd'],
        ['X-Claude-Code-Session-Id', 'f9c5'],
        ['X-Stainless-Retry-Count', '0'],
        ['Connection', 'close'],
      ],
      body,
    }),
  )

  assert.equal(parseReply(await connection.toEnd()).status, 200)

  const [call] = world.upstream.calls
  assert.ok(call)
  assert.equal(call.path, '/v1/messages?beta=true&odd=%2F%20x')
  assert.deepEqual(call.body, body)
  const own = new Set(['host', 'connection', 'content-length'])
  assert.deepEqual(
    call.headers.filter(([name]) => !own.has(name.toLowerCase())),
    [
      ['User-Agent', 'claude-cli/2.1.330 (external, sdk-cli)'],
      ['X-ODD-cAsE', '\u00e9 kept'],
      ['x-api-key', operatorKey],
      ['anthropic-beta', 'claude-code-20250219,oauth-2025-04-20,unknown-2031-01-01'],
      ['anthropic-beta', 'second-line'],
      ['Accept-Encoding', 'identity'],
      ['X-Claude-Code-Session-Id', 'f9c5'],
      ['X-Stainless-Retry-Count', '0'],
    ],
  )
})

const token = fc
  .array(fc.constantFrom(...'abcXYZ0189-_.!#$%&*+^`|~'.split('')), { minLength: 1, maxLength: 12 })
  .map((letters) => `q${letters.join('')}`)
/** What may stand in a header, seen as Latin-1; blanks at its ends are not part of it. */
const fieldValue = fc
  .array(fc.integer({ min: 0x20, max: 0xff }).filter((code) => code < 0x7f || code > 0x9f))
  .map((codes) => String.fromCharCode(...codes).trim())
  .filter((value) => !/^\s|\s$/.test(value))
const oddHeaders = fc.array(fc.tuple(token, fieldValue), { maxLength: 8 })
const oddFields = fc.dictionary(
  fc.string({ maxLength: 8 }).map((name) => `_${name}`),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 5 },
)

test('odd headers, unknown fields and any chunks pass unchanged in both directions', async () => {
  let answer: Answer = hi
  await using world = await openScriptedWorld((call) => answer(call))
  const known = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        sent: oddHeaders,
        returned: oddHeaders,
        fields: oddFields,
        chunks: fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 }),
      }),
      async ({ sent, returned, fields, chunks }) => {
        const body = askBody({ ...fields, stream: true })
        const bytes = chunks.map((chunk) => Buffer.from(chunk))
        const head = Buffer.from(
          streamHead.replace(/\r\n\r\n$/, '\r\n') +
            `${returned.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
          'latin1',
        )
        answer = (call) => {
          call.send(
            Buffer.concat([head, ...bytes.map((one) => piece(one)), Buffer.from(streamEnd)]),
          )
        }
        const before = world.upstream.calls.length

        const received = await rawExchange(world.url, {
          path: '/v1/messages',
          headers: [...sent, ['x-api-key', world.seat.keyText]],
          body,
        })

        const call = world.upstream.calls[before]
        assert.equal(call?.body.toString(), body)
        assert.deepEqual(
          call?.headers.filter(([name]) => name.startsWith('q')),
          sent,
        )
        assert.deepEqual(
          received.headers.filter(([name]) => name.startsWith('q')),
          returned,
        )
        const passed = received.headers
          .map(([name]) => name.toLowerCase())
          .filter((name) => !name.startsWith('q') && !name.startsWith('x-plimsoll-'))
        assert.deepEqual(
          passed.filter((name) => !known.has(name)),
          ['content-type', 'request-id'],
        )
        assert.deepEqual(received.body, Buffer.concat(bytes))
      },
    ),
    { numRuns: 60 },
  )
})

test('a stream arrives piece by piece, as soon as each piece does', async () => {
  const pieces = messageEvents(['one', 'two'], usage)
  const gates = pieces.map(() => Promise.withResolvers<void>())
  await using world = await openScriptedWorld(async (call) => {
    call.send(streamHead)
    for (const [index, text] of pieces.entries()) {
      await gates[index]?.promise
      call.send(piece(text))
    }
    call.send(streamEnd)
  })
  const connection = await world.begin({ body: askBody({ stream: true }) })

  const head = await connection.until('\r\n\r\n')

  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/)
  for (const [index, text] of pieces.entries()) {
    gates[index]?.resolve()
    await connection.until(text)
  }
  await connection.until(streamEnd)
  connection.leave()
})

test("the upstream's own limit headers stay away from the caller, and its other headers do not", async () => {
  const headers = [
    'anthropic-ratelimit-requests-limit: 50',
    'anthropic-ratelimit-unified-status: rejected',
    'anthropic-organization-id: org_1',
    'Request-Id: req_9',
    'Set-Cookie: a=1',
    'Set-Cookie: b=2',
  ]
  await using world = await openScriptedWorld((call) =>
    call.send(jsonReply(200, message('hi', usage), headers)),
  )

  const { headers: received } = await world.post()

  const names = received.map(([name]) => name)
  assert.ok(!names.some((name) => name.toLowerCase().startsWith('anthropic-ratelimit-')))
  assert.deepEqual(
    received.filter(([name]) => ['Request-Id', 'Set-Cookie'].includes(name)),
    [
      ['Request-Id', 'req_9'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ],
  )
  assert.equal(headerOf(received, 'anthropic-organization-id'), 'org_1')
  assert.match(headerOf(received, 'x-plimsoll-decision') ?? '', /^al_/)
})

test("the upstream's errors pass byte for byte, and cost nothing", async () => {
  const errors: readonly (readonly [number, string])[] = [
    [
      400,
      '{"type":"error", "error":{"type":"invalid_request_error","message":"capability_rejected: x"}}\n',
    ],
    [404, '{"type":"error","error":{"type":"not_found_error","message":"model: nope"}}'],
    [413, ''],
    [429, '{"type":"error","error":{"type":"rate_limit_error","message":"Number of requests"}}'],
    [500, '<html>\u00e9</html>'],
    [529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'],
  ]
  let answer: Answer = hi
  await using world = await openScriptedWorld((call) => answer(call))
  for (const [status, body] of errors) {
    const bytes = Buffer.from(body, 'latin1')
    answer = (call) => call.send(reply(status, bytes, ['retry-after: 7', 'X-Should-Retry: true']))

    const received = await world.post({ body: askBody({ stream: status === 529 }) })

    assert.equal(received.status, status)
    assert.deepEqual(received.body, bytes)
    assert.equal(received.header('retry-after'), '7')
    assert.equal(received.header('x-should-retry'), 'true')
  }
  await world.finished(errors.length)
  const figures = await world.figures()
  assert.deepEqual([figures.limits[0]?.used, figures.limits[0]?.held], [0n, 0n])
})

test("an upstream's own pause is never told as the member's limit in the headers that clients print", async () => {
  const pause =
    '{"type":"error","error":{"type":"rate_limit_error","message":"Number of requests"}}'
  await using world = await openScriptedWorld((call) => call.send(reply(429, pause)))

  const received = await world.post({
    headers: {
      Authorization: `Bearer ${world.seat.keyText}`,
      'anthropic-beta': 'oauth-2025-04-20',
    },
  })

  const told = received.headers.filter(([name]) => /^anthropic-ratelimit-/i.test(name))
  assert.equal(received.status, 429)
  assert.deepEqual(told, [])
  assert.equal(received.header('x-plimsoll-limit-session-used'), '0.00')
})

test("trouble with the operator's own account is never told as the caller's, and is logged for a person", async () => {
  const troubles: readonly (readonly [number, unknown])[] = [
    [401, { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } }],
    [
      400,
      {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: 'Your credit balance is too low to access',
        },
      },
    ],
    [
      400,
      {
        type: 'error',
        error: { type: 'invalid_request_error', message: "You're out of extra usage. Add more." },
      },
    ],
  ]
  let answer: Answer = hi
  await using world = await openScriptedWorld((call) => answer(call))
  for (const [status, body] of troubles) {
    answer = (call) => call.send(jsonReply(status, body))

    const received = await world.post()

    assert.equal(received.status, 503)
    assert.equal(errorOf(received).error.details.error_code, 'upstream_account')
    // A person has to act first, so clients do not repeat it in silence.
    assert.equal(received.header('x-should-retry'), 'false')
    assert.doesNotMatch(received.body.toString(), /credit|x-api-key|extra usage/i)
  }
  await world.finished(troubles.length)
  const errors = world.logs.filter((line) => line.level === 'error')
  assert.deepEqual(
    errors.map((line) => line.message),
    troubles.map(() => 'upstream account'),
  )
  const figures = await world.figures()
  assert.deepEqual([figures.limits[0]?.used, figures.limits[0]?.held], [0n, 0n])
})

test('a redirect is refused, so the operator key goes nowhere else', async () => {
  await using world = await openScriptedWorld((call) =>
    call.send(reply(307, '', ['location: http://elsewhere.invalid/v1/messages'])),
  )

  const received = await world.post()

  assert.equal(received.status, 502)
  assert.equal(received.header('location'), undefined)
  assert.equal(world.upstream.calls.length, 1)
})

test('token counts and models need a key, are passed on and never charged', async () => {
  await using world = await openScriptedWorld((call) =>
    call.send(jsonReply(200, { input_tokens: 7, path: call.path })),
  )

  const counted = await world.post({
    path: '/v1/messages/count_tokens?beta=true',
    body: '{"a" :1}',
  })
  const listed = await world.post({ method: 'GET', path: '/v1/models?limit=1000' })
  const stranger = await world.post({
    path: '/v1/messages/count_tokens',
    headers: { 'x-api-key': 'plim_wrong' },
  })

  assert.equal(
    counted.body.toString(),
    '{"input_tokens":7,"path":"/v1/messages/count_tokens?beta=true"}',
  )
  assert.equal(listed.body.toString(), '{"input_tokens":7,"path":"/v1/models?limit=1000"}')
  assert.equal(stranger.status, 401)
  const [first, second] = world.upstream.calls
  assert.equal(first?.body.toString(), '{"a" :1}')
  assert.equal(headerOf(first?.headers ?? [], 'x-api-key'), operatorKey)
  assert.equal(second?.method, 'GET')
  assert.deepEqual(
    (await world.entries()).filter((entry) => entry.body.kind === 'held'),
    [],
  )
})

test('probes are answered without a key or the upstream', async () => {
  await using world = await openScriptedWorld(hi)
  for (const path of ['/', '/api/hello']) {
    const received = await rawExchange(world.url, { method: 'HEAD', path })

    assert.equal(received.status, 200)
    assert.equal(received.body.length, 0)
  }
  assert.equal(world.upstream.calls.length, 0)
})

test("every other path is a 404 in the API's shape, key or no key", async () => {
  await using world = await openScriptedWorld(hi)
  const others: readonly (readonly [string, string])[] = [
    ['GET', '/'],
    ['GET', '/v1/messages'],
    ['POST', '/v1/messages/batches'],
    ['POST', '/v1/complete'],
    ['GET', '/v1/models/../files'],
    ['POST', '/v1/files'],
    ['DELETE', '/v1/models/x'],
  ]
  for (const [method, path] of others) {
    const received = await world.post({ method, path, body: '{}' })

    assert.equal(received.status, 404, `${method} ${path}`)
    assert.equal(errorOf(received).type, 'error')
    assert.equal(errorOf(received).error.type, 'not_found_error')
    assert.equal(received.header('request-id'), errorOf(received).request_id)
  }
  assert.equal(world.upstream.calls.length, 0)
})

test('an upstream that is away is a 502 that says so, and nothing is charged', async () => {
  await using world = await openScriptedWorld(hi)
  await world.upstream.close()

  const received = await world.post()

  assert.equal(received.status, 502)
  assert.equal(errorOf(received).error.details.error_code, 'upstream_unreachable')
  await world.finished(1)
  const figures = await world.figures()
  assert.deepEqual([figures.limits[0]?.used, figures.limits[0]?.held], [0n, 0n])
})
