import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openRaw } from './raw-http.ts'
import { answering } from './scripted-upstream.ts'
import { askBody, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import { operatorKey } from './world.ts'

/** Requests that two readers could take for different ones: each is refused, or is exactly one request. */
const hi = answering('hi', { input_tokens: 10, output_tokens: 5 })
const body = askBody()
const chunkedBody = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
const length = `Content-Length: ${body.length}`

type Shape = {
  readonly what: string
  readonly line?: string
  readonly headers: readonly string[]
  readonly body: string
  /** The statuses of all that is answered, in their order. */
  readonly statuses: readonly number[]
  /** How many requests the upstream sees. */
  readonly calls: number
}

const refused = { statuses: [400], calls: 0 }
const one = { statuses: [200], calls: 1 }

const shapes: readonly Shape[] = [
  { what: 'a sound request', headers: [length], body, ...one },
  {
    what: 'a sound request in chunks',
    headers: ['Transfer-Encoding: chunked'],
    body: chunkedBody,
    ...one,
  },
  {
    what: 'both framings',
    headers: [length, 'Transfer-Encoding: chunked'],
    body: chunkedBody,
    ...refused,
  },
  {
    what: 'both framings, turned around',
    headers: ['Transfer-Encoding: chunked', length],
    body: chunkedBody,
    ...refused,
  },
  { what: 'two lengths', headers: [length, 'Content-Length: 0'], body, ...refused },
  { what: 'the same length twice', headers: [length, length], body, ...refused },
  { what: 'a list of lengths', headers: [`${length}, ${body.length}`], body, ...refused },
  { what: 'a signed length', headers: [`Content-Length: +${body.length}`], body, ...refused },
  { what: 'a hexadecimal length', headers: ['Content-Length: 0x10'], body, ...refused },
  {
    what: 'a length with a space before its colon',
    headers: [`Content-Length : ${body.length}`],
    body,
    ...refused,
  },
  {
    what: 'another transfer encoding',
    headers: ['Transfer-Encoding: xchunked'],
    body: chunkedBody,
    ...refused,
  },
  {
    what: 'chunked, and not last',
    headers: ['Transfer-Encoding: chunked, identity'],
    body: chunkedBody,
    ...refused,
  },
  {
    what: 'chunked twice',
    headers: ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    body: chunkedBody,
    ...refused,
  },
  {
    what: 'a folded header',
    headers: ['Transfer-Encoding:', ' chunked'],
    body: chunkedBody,
    ...refused,
  },
  { what: 'a line feed alone', headers: [`x: y\n${length}`], body, ...refused },
  { what: 'a NUL in a header', headers: ['x: a\u0000b', length], body, ...refused },
  { what: 'a carriage return alone', headers: ['x: a\rb', length], body, ...refused },
  { what: 'a header without a name', headers: [': x', length], body, ...refused },
  { what: 'a space in a name', headers: ['x y: z', length], body, ...refused },
  {
    what: 'a chunk size with a sign',
    headers: ['Transfer-Encoding: chunked'],
    body: `+${chunkedBody}`,
    ...refused,
  },
  {
    what: 'a chunk size with a prefix',
    headers: ['Transfer-Encoding: chunked'],
    body: `0x${chunkedBody}`,
    ...refused,
  },
  {
    what: 'a chunk longer than it says',
    headers: ['Transfer-Encoding: chunked'],
    body: chunkedBody.replace('}\r\n', '}X\r\n'),
    ...refused,
  },
  // Nothing here goes by the host, and the upstream gets its own.
  { what: 'two hosts', headers: ['Host: other', length], body, ...one },
  {
    what: 'an upgrade to HTTP/2',
    headers: ['Upgrade: h2c', 'Connection: Upgrade', length],
    body,
    ...one,
  },
  {
    what: 'a whole address',
    line: 'POST http://other/v1/messages HTTP/1.1',
    headers: [length],
    body,
    statuses: [404],
    calls: 0,
  },
  { what: 'an authority', line: 'POST other:443 HTTP/1.1', headers: [length], body, ...refused },
  {
    what: 'a tunnel',
    line: 'CONNECT other:443 HTTP/1.1',
    headers: [],
    body: '',
    statuses: [],
    calls: 0,
  },
  {
    what: 'an unknown expectation',
    headers: ['Expect: 200-maybe', length],
    body,
    statuses: [417],
    calls: 0,
  },
  {
    what: 'another request behind it',
    headers: [length],
    body: `${body}POST /v1/files HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n${body}`,
    statuses: [200, 404],
    calls: 1,
  },
  {
    what: 'a request within what is refused',
    headers: ['x-api-key: plim_other', length],
    body: `${body}GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n`,
    statuses: [401, 401],
    calls: 0,
  },
]

async function answered(world: ScriptedWorld, shape: Shape): Promise<readonly number[]> {
  const connection = await openRaw(world.url)
  const head = [
    shape.line ?? 'POST /v1/messages HTTP/1.1',
    'Host: x',
    `x-api-key: ${world.seat.keyText}`,
    ...shape.headers,
  ].join('\r\n')
  connection.socket.end(Buffer.from(`${head}\r\n\r\n${shape.body}`, 'latin1'))
  const text = (await connection.toEnd()).toString('latin1')
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)]
    .map(([, digits]) => Number(digits))
    .filter((status) => status >= 200)
}

test('what two readers could understand differently is refused, or is one request, to the byte', async () => {
  await using world = await openScriptedWorld(hi)
  for (const shape of shapes) {
    const before = world.upstream.calls.length

    const statuses = await answered(world, shape)

    assert.deepEqual(statuses, shape.statuses, shape.what)
    const calls = world.upstream.calls.slice(before)
    assert.equal(calls.length, shape.calls, shape.what)
    for (const call of calls) {
      assert.equal(`${call.method} ${call.path}`, 'POST /v1/messages', shape.what)
      assert.equal(call.body.toString(), body, shape.what)
      const names = call.headers.map(([name]) => name.toLowerCase())
      assert.equal(names.filter((name) => name === 'content-length').length, 1, shape.what)
      assert.ok(!names.includes('transfer-encoding') && !names.includes('upgrade'), shape.what)
      const keys = call.headers.filter(([name]) => name.toLowerCase() === 'x-api-key')
      assert.deepEqual(keys, [['x-api-key', operatorKey]], shape.what)
    }
  }
  assert.equal((await world.figures()).runningCount, 0)
})

test('a million brackets, names of prototypes and lone surrogates are a request or an error, and nothing else', async () => {
  await using world = await openScriptedWorld(hi)
  const cases: readonly (readonly [string, string | Buffer, number])[] = [
    [
      'brackets',
      body.replace('{', `{"deep":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)},`),
      400,
    ],
    ['open brackets', '['.repeat(1_000_000), 400],
    ['a prototype', body.replace('{', '{"__proto__":{"max_tokens":1,"model":"x"},'), 200],
    ['a constructor', body.replace('{', '{"constructor":{"prototype":{"stream":true}},'), 200],
    ['a lone surrogate', body.replace('hello', String.raw`\ud800`), 200],
    [
      'bytes of a surrogate',
      Buffer.from(body.replace('hello', '\u00ed\u00a0\u0080'), 'latin1'),
      400,
    ],
    ['a byte order mark', `\ufeff${body}`, 400],
    ['two texts', `${body}${body}`, 400],
    ['a NUL behind it', `${body}\u0000`, 400],
    ['no number', body.replace('1000', 'NaN'), 400],
    ['a huge number', body.replace('1000', '1e309'), 400],
    ['a very long number', body.replace('1000', '9'.repeat(100_000)), 400],
  ]
  for (const [what, bytes, status] of cases) {
    const before = world.upstream.calls.length
    const reply = await world.post({ body: bytes })

    assert.equal(reply.status, status, what)
    const calls = world.upstream.calls.slice(before)
    assert.equal(calls.length, status === 200 ? 1 : 0, what)
    for (const call of calls) assert.deepEqual(call.body, Buffer.from(bytes), what)
  }
  assert.equal(({} as { readonly max_tokens?: number }).max_tokens, undefined)
})
