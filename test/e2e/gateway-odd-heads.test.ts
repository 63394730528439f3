import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { test } from 'node:test'
import { rawExchange } from './raw-http.ts'
import { jsonReply, message, reply, type Answer } from './scripted-upstream.ts'
import { askBody, openScriptedWorld, errorOf } from './scripted-world.ts'
import { assertRow, createToldReader, type Row } from './upstream-matrix.ts'
import { openWorld } from './world.ts'

const usage = { input_tokens: 1000, output_tokens: 500 }
const whole = JSON.stringify(message('word '.repeat(20), usage))
const exact = { input: 1000, output: 500 }
const json = 'content-type: application/json'
const passed = (body: string | Buffer = whole, status = 200) => ({
  status,
  body: Buffer.from(body),
})
const away = { gets: { code: 'upstream_unreachable' }, charged: 'nothing', told: 1 } as const
const failed = { ...away, outcome: 'upstream_unreachable' } as const
const fine = { gets: passed(), charged: exact, outcome: 'finished' } as const

type Case = Row & { readonly answer: Answer }
const sending =
  (...parts: readonly (string | Buffer)[]): Answer =>
  (call) => {
    for (const part of parts) call.send(part)
  }
const closing =
  (...parts: readonly (string | Buffer)[]): Answer =>
  (call) => {
    for (const part of parts) call.send(part)
    call.finish()
  }
const head = (line: string, ...lines: readonly string[]): string =>
  [line, ...lines, '\r\n'].join('\r\n')

const cases: readonly Case[] = [
  { name: 'reset at once', ...failed, answer: (call) => call.reset() },
  { name: 'closed at once', ...failed, answer: closing() },
  { name: 'half a status line', ...failed, answer: closing('HTTP/1.1 20') },
  { name: 'half a head', ...failed, answer: closing('HTTP/1.1 200 OK\r\ncontent-le') },
  { name: 'no HTTP at all', ...failed, answer: sending('\u0016\u0003\u0001garbage\r\n\r\n') },
  { name: 'an HTTP/2 preface', ...failed, answer: sending('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') },
  {
    name: 'a head of 100 KB',
    ...failed,
    answer: sending(head('HTTP/1.1 200 OK', `x: ${'y'.repeat(100_000)}`)),
  },
  {
    name: 'a head of 5,000 short lines',
    ...failed,
    answer: sending(
      head('HTTP/1.1 200 OK', ...Array.from({ length: 5000 }, (_, i) => `x-${i}: ${i} and more`)),
    ),
  },
  {
    name: 'two lengths that differ',
    ...failed,
    answer: sending(head('HTTP/1.1 200 OK', 'content-length: 5', 'content-length: 6'), 'abcdef'),
  },
  {
    name: 'a length that is no number',
    ...failed,
    answer: sending(head('HTTP/1.1 200 OK', 'content-length: five'), 'abcde'),
  },
  {
    name: 'interim replies without an end, then closed',
    ...failed,
    answer: closing(...Array.from({ length: 50 }, () => head('HTTP/1.1 102 Processing'))),
  },
  {
    name: 'a switch of protocols',
    ...failed,
    answer: sending(head('HTTP/1.1 101 Switching', 'upgrade: x', 'connection: upgrade')),
  },
  {
    name: 'interim replies 102 and 103, then a reply',
    ...fine,
    answer: sending(
      head('HTTP/1.1 102 Processing'),
      head('HTTP/1.1 103 Early Hints', 'link: </x>'),
      jsonReply(200, message('word '.repeat(20), usage)),
    ),
  },
  {
    name: 'a 100 that nobody asked for: the HTTP client takes it for a broken reply',
    ...failed,
    answer: sending(head('HTTP/1.1 100 Continue'), jsonReply(200, message('hi', usage))),
  },
  { name: 'HTTP/1.0', ...fine, answer: closing(head('HTTP/1.0 200 OK', json), whole) },
  {
    name: 'no length, then closed',
    ...fine,
    answer: closing(head('HTTP/1.1 200 OK', json), whole),
  },
  {
    name: 'a reply that is longer than it says',
    gets: passed(whole),
    charged: exact,
    outcome: 'finished',
    answer: sending(
      head('HTTP/1.1 200 OK', json, `content-length: ${whole.length}`),
      `${whole}and more`,
    ),
  },
  {
    name: 'a length that cuts the reply short',
    gets: passed(whole.slice(0, -40)),
    charged: 'estimate',
    outcome: 'incomplete',
    told: 1,
    answer: sending(head('HTTP/1.1 200 OK', json, `content-length: ${whole.length - 40}`), whole),
  },
  {
    name: 'chunks with trailers',
    ...fine,
    answer: sending(
      head('HTTP/1.1 200 OK', json, 'transfer-encoding: chunked', 'trailer: x-sum'),
      `${whole.length.toString(16)}\r\n${whole}\r\n0\r\nx-sum: 1\r\n\r\n`,
    ),
  },
  ...[204, 205, 304].map((status) => ({
    name: `${status}`,
    ...(status === 304
      ? { ...failed }
      : ({ gets: passed('', status), charged: 'nothing', outcome: 'incomplete' } as const)),
    answer: sending(head(`HTTP/1.1 ${status} X`, ...(status === 205 ? ['content-length: 0'] : []))),
  })),
  {
    name: 'an empty 200',
    gets: passed(''),
    charged: 'nothing',
    outcome: 'incomplete',
    answer: sending(reply(200, '')),
  },
  {
    name: '200 with an error in it',
    gets: passed('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'),
    charged: 'nothing',
    outcome: 'incomplete',
    answer: sending(
      reply(200, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', [
        json,
      ]),
    ),
  },
  ...[301, 302, 303, 307, 308].map((status) => ({
    name: `a redirect ${status}`,
    ...failed,
    answer: sending(reply(status, 'elsewhere', ['location: http://127.0.0.1:9/v1/messages'])),
  })),
]

test('L3: whatever head an upstream sends, the caller gets it or a clear failure, and the hold ends once', async () => {
  let answer: Answer = () => {}
  await using world = await openScriptedWorld((call) => answer(call))
  const told = createToldReader(world)
  for (const [index, row] of cases.entries()) {
    answer = row.answer

    const received = await world.post()
    const lines = await world.finished(index + 1)

    const line = lines.at(-1)
    assert.ok(line)
    await assertRow(world, row, { received, line, told: told(), count: index + 1 })
    assert.equal(world.upstream.calls.length, index + 1, `${row.name}: sent once`)
  }
})

test('L3: an upstream that cannot be reached, by address, name or TLS, is a 502 and costs nothing', async () => {
  const plain = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  })
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  const { port } = plain.address() as AddressInfo
  const closed = createServer()
  closed.listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const { port: refusing } = closed.address() as AddressInfo
  closed.close()
  await once(closed, 'close')
  // A label of 64 letters is no name: nobody is asked about it.
  const nowhere = `http://${'a'.repeat(64)}.invalid`
  for (const url of [`http://127.0.0.1:${refusing}`, nowhere, `https://127.0.0.1:${port}`]) {
    await using world = await openWorld({ upstream: { url } })

    const received = await rawExchange(world.url, {
      path: '/v1/messages',
      headers: Object.entries(world.seat.headers),
      body: askBody(),
    })
    const [line] = await world.finished(1)

    assert.equal(received.status, 502)
    assert.equal(errorOf(received).error.details.error_code, 'upstream_unreachable')
    assert.equal(line?.['hold'], 'voided')
    assert.equal(world.gateway.upstreamHealth().brokenCount, 1)
    assert.doesNotMatch(received.body.toString(), /127\.0\.0\.1|ECONN|invalid\b.*\bENOTFOUND/)
  }
  plain.close()
})

test('headers of a reply arrive as they came, twice or with Latin bytes, without those that end at this hop', async () => {
  const bytes = Buffer.from(
    head(
      'HTTP/1.1 200 OK',
      json,
      'Set-Cookie: a=1',
      'set-cookie: b=2',
      'X-Twice: 1',
      'x-twice: 2',
      'X-Latin: caf\u00e9',
      'Connection: keep-alive, x-hop',
      'X-Hop: secret',
      'Keep-Alive: timeout=5',
      'Proxy-Authenticate: Basic',
      'Upgrade: h2c',
      'anthropic-ratelimit-tokens-remaining: 7',
      'Anthropic-RateLimit-Unified-5h-Utilization: 0.9',
      `content-length: ${whole.length}`,
    ) + whole,
    'latin1',
  )
  await using world = await openScriptedWorld((call) => call.send(bytes))

  const received = await world.post()

  const lines = received.headers.map(([name, value]) => `${name}: ${value}`)
  for (const kept of [
    'Set-Cookie: a=1',
    'set-cookie: b=2',
    'X-Twice: 1',
    'x-twice: 2',
    'X-Latin: caf\u00e9',
  ]) {
    assert.ok(lines.includes(kept), kept)
  }
  assert.ok(!/x-hop|proxy-auth|h2c|anthropic-ratelimit|timeout=5/i.test(lines.join('\n')))
  assert.equal(received.body.toString(), whole)
})
