import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { operationId } from '../../src/core/ids.ts'
import { revokeKey } from '../../src/operations/revoke-key.ts'
import { findKey } from '../../src/operations/find-key.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { openRaw, rawExchange } from './raw-http.ts'
import { answering } from './scripted-upstream.ts'
import { askBody, errorOf, openScriptedWorld } from './scripted-world.ts'

const hi = answering('hi', { input_tokens: 10, output_tokens: 5 })

const badBodies: readonly (readonly [string, string | Buffer, number])[] = [
  ['nothing', '', 400],
  ['not JSON', '{"model": "claude-sonnet-4-5", ', 400],
  ['no object', '[1,2,3]', 400],
  ['null', 'null', 400],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), 400],
  ['no model', '{"max_tokens":5,"messages":[]}', 400],
  ['a model that is a number', askBody({ model: 5 }), 400],
  ['a model that is empty', askBody({ model: '' }), 400],
  ['a model of a million letters', askBody({ model: 'x'.repeat(1_000_000) }), 400],
  ['a model with a line break', askBody({ model: 'claude\r\nx' }), 400],
  ['an unknown model', askBody({ model: 'gpt-unheard-of' }), 404],
  ['a model in odd letters', askBody({ model: '\u{1f600}\u202eclaude' }), 404],
  ['no max_tokens', askBody({ max_tokens: undefined }), 400],
  ['a negative max_tokens', askBody({ max_tokens: -1 }), 400],
  ['a zero max_tokens', askBody({ max_tokens: 0 }), 400],
  ['a max_tokens with a fraction', askBody({ max_tokens: 1.5 }), 400],
  ['a max_tokens of 2^63', askBody({ max_tokens: 2 ** 63 }), 400],
  ['a max_tokens beyond numbers', askBody().replace('1000', '1e999'), 400],
  ['a max_tokens that is a text', askBody({ max_tokens: '1000' }), 400],
  ['a stream that is a text', askBody({ stream: 'yes' }), 400],
  ['a field that stands twice', askBody().replace('{', '{"model":"claude-opus-4-1",'), 400],
  ['too many levels', `{"model":"m","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 400],
]

test("a request that cannot be read is a clear error in the API's shape, and changes nothing", async () => {
  await using world = await openScriptedWorld(hi)
  const before = world.parts.storage.durablePosition
  for (const [what, body, status] of badBodies) {
    const received = await world.post({ body })

    const { type, error } = errorOf(received)
    assert.equal(received.status, status, what)
    assert.equal(type, 'error', what)
    assert.equal(error.type, status === 400 ? 'invalid_request_error' : 'not_found_error', what)
    assert.ok(error.message.length > 5 && error.message.length < 2000, what)
    assert.equal(received.header('x-should-retry'), 'false', what)
  }
  assert.equal(world.upstream.calls.length, 0)
  assert.equal(world.parts.storage.durablePosition, before)
  assert.equal(world.gateway.pressure().bodyRoom.takenBytes, 0)
})

test('whatever bytes a body has, the answer is a reply and the gateway goes on', async () => {
  await using world = await openScriptedWorld(hi)
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(-1, 2 ** 63, 1e308, '', null, [], {}, '\u0000', 'claude-sonnet-4-5', true),
  )
  const keys = ['model', 'max_tokens', 'stream', 'messages', 'thinking', 'tools', 'metadata']
  const fields = fc.dictionary(fc.constantFrom(...keys), value)
  const bodies = fc.oneof(
    fields.map((chosen) => Buffer.from(askBody(chosen))),
    fields.map((chosen) => Buffer.from(JSON.stringify(chosen))),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  )
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const received = await world.post({ body })

      assert.ok([200, 400, 404].includes(received.status), `${received.status}`)
    }),
    { numRuns: 80 },
  )
  assert.deepEqual(
    world.logs.filter((line) => line.level === 'error'),
    [],
  )
})

test('a body that is too large is refused before it is read to its end', async () => {
  // With one place for a key, a place that is not given back would refuse whatever comes next.
  const settings = { bodyBytesMax: 10_000, keyPlacesMax: 1 }
  await using world = await openScriptedWorld(hi, { settings })
  const announced = await world.post({ body: askBody({ pad: 'x'.repeat(20_000) }) })
  const connection = await openRaw(world.url)
  const head = `POST /v1/messages HTTP/1.1\r\nHost: x\r\nx-api-key: ${world.seat.keyText}\r\n`
  connection.write(`${head}Transfer-Encoding: chunked\r\n\r\n`)
  const piece = `1000\r\n${'x'.repeat(4096)}\r\n`
  connection.write(piece + piece + piece)

  const reply = await connection.until(/\r\n\r\n\{.*\}/)
  connection.leave()

  assert.equal(announced.status, 413)
  assert.equal(errorOf(announced).error.type, 'request_too_large')
  assert.match(reply, /^HTTP\/1\.1 413 /)
  assert.equal((await world.post({ body: askBody({ pad: 'x'.repeat(9_000) }) })).status, 200)
})

test('a caller without a known key gets a 401 that says what to do, and nothing is sent on', async () => {
  await using world = await openScriptedWorld(hi)
  const { keyText } = world.seat
  const other = await world.addSeat('ben')
  const callers: readonly (readonly (readonly [string, string])[])[] = [
    [],
    [['x-api-key', '']],
    [['x-api-key', 'plim_wrong']],
    [['Authorization', `Basic ${keyText}`]],
    [['Authorization', 'Bearer']],
    [['x-api-key', `${keyText} `.repeat(2)]],
    [
      ['x-api-key', keyText],
      ['Authorization', `Bearer ${other.keyText}`],
    ],
    [['x-api-key', 'k'.repeat(30_000)]],
    [['x-api-key', '\u00e9\u00ff']],
  ]
  for (const headers of callers) {
    const received = await rawExchange(world.url, {
      path: '/v1/messages',
      headers,
      body: askBody(),
    })

    assert.equal(received.status, 401)
    assert.equal(errorOf(received).error.type, 'authentication_error')
    assert.doesNotMatch(received.body.toString(), new RegExp(keyText))
  }
  assert.equal(world.upstream.calls.length, 0)
  const both = { Authorization: `Bearer ${keyText}` }
  assert.equal((await world.post({ headers: both })).status, 200)
})

test('a key of somebody else and a base address with /v1 at its end are answered with the way out', async () => {
  await using world = await openScriptedWorld(hi)
  const foreign = await world.post({ headers: { 'x-api-key': 'sk-ant-dummy' } })
  const twice = await world.post({ path: '/v1/v1/messages' })

  assert.equal(foreign.status, 401)
  assert.match(foreign.body.toString(), /not a Plimsoll key: those begin with plim_/)
  assert.equal(twice.status, 400)
  assert.match(twice.body.toString(), /without \/v1 at its end/)
  assert.equal(world.upstream.calls.length, 0)
})

test('a revoked key is refused at once', async () => {
  await using world = await openScriptedWorld(hi)
  assert.equal((await world.post()).status, 200)
  const owner = await findKey(world.parts, world.seat.keyText)
  assert.ok(owner)

  await revokeKey(world.parts, { ...owner, operationId: operationId('revoke'), actor: 'test' })

  assert.equal((await world.post()).status, 401)
  assert.equal((await world.post({ path: '/v1/messages/count_tokens' })).status, 401)
})

test('a key that asks too fast is told to slow down, never that it is out', async () => {
  const burst = { perMinute: 60, size: 3 }
  await using world = await openScriptedWorld(hi, { settings: { burst }, clock: new ManualClock() })
  const other = await world.addSeat('ben')

  const statuses: number[] = []
  for (let i = 0; i < 3; i++) statuses.push((await world.post()).status)
  const refused = await world.post()

  assert.deepEqual(statuses, [200, 200, 200])
  assert.equal(refused.status, 429)
  assert.equal(errorOf(refused).error.details.error_code, 'too_fast')
  assert.ok(Number(refused.header('retry-after')) >= 1)
  assert.doesNotMatch(errorOf(refused).error.message, /\bout of\b|exhausted|reached/i)
  assert.equal((await world.post({ seat: other })).status, 200)
})

test('a consent header that is neither word is an error, and either word stays here', async () => {
  await using world = await openScriptedWorld(hi)

  const odd = await world.post({ headers: { 'x-plimsoll-extra-usage': 'maybe' } })
  const never = await world.post({ headers: { 'X-Plimsoll-Extra-Usage': 'Never' } })

  assert.equal(odd.status, 400)
  assert.match(errorOf(odd).error.message, /x-plimsoll-extra-usage/)
  assert.equal(never.status, 200)
  const names = world.upstream.calls[0]?.headers.map(([name]) => name.toLowerCase()) ?? []
  assert.ok(!names.some((name) => name.startsWith('x-plimsoll')))
})

test('no log line holds a prompt, a reply, a key or a query', async () => {
  await using world = await openScriptedWorld(answering('the-reply', { output_tokens: 5 }))
  await world.post({
    path: '/v1/messages?secret=the-query',
    body: askBody({ messages: [{ role: 'user', content: 'the-prompt' }] }),
  })
  await world.post({ body: '{"messages":"the-prompt' })
  await world.post({ headers: { 'x-api-key': 'plim_the-key' } })
  await world.finished(3)

  const text = JSON.stringify(world.logs)

  assert.doesNotMatch(text, /the-prompt|the-reply|the-query|the-key|sk-operator/)
  assert.ok(!text.includes(world.seat.keyText))
})
