import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answering,
  event,
  headerOf,
  jsonReply,
  messageEvents,
  piece,
  reply,
  streamEnd,
  streamHead,
  type Answer,
  type UpstreamCall,
} from './scripted-upstream.ts'
import { parseReply } from './raw-http.ts'
import { askBody, errorOf, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import { createSteeredClock } from './steered-clock.ts'

const usage = { input_tokens: 10, output_tokens: 5 }
const hi = answering('hi', usage)
const apiError = (type: string, message: string) => ({ type: 'error', error: { type, message } })
const poor = jsonReply(400, apiError('invalid_request_error', 'Your credit balance is too low.'))
const busy = (seconds: number): Buffer =>
  jsonReply(429, apiError('rate_limit_error', 'Too many requests'), [`retry-after: ${seconds}`])

const keyOf = (call: UpstreamCall): string => headerOf(call.headers, 'x-api-key') ?? ''
const keysAsked = ({ upstream }: ScriptedWorld): readonly string[] => upstream.calls.map(keyOf)

/** An upstream that knows several keys and answers each in its own way. */
const byKey =
  (answers: Readonly<Record<string, Answer | Buffer>>): Answer =>
  (call) => {
    const answer = answers[keyOf(call)] ?? hi
    return typeof answer === 'function' ? answer(call) : call.send(answer)
  }

const openKeys = (answer: Answer, keys = ['sk-one', 'sk-two'], clock = createSteeredClock()) =>
  openScriptedWorld(answer, { keys, clock })

async function endKinds(world: ScriptedWorld): Promise<readonly string[]> {
  const kinds = (await world.entries()).map((entry) => entry.body.kind)
  return kinds.filter((kind) => kind === 'settled' || kind === 'voided')
}

test('the next key answers where the first is out of credit: one hold, one charge, and no secret in the log', async () => {
  await using world = await openKeys(byKey({ 'sk-one': poor }))

  const received = await world.post({ body: askBody({ stream: true }) })
  const [line] = await world.finished(1)
  await world.post()
  await world.finished(2)

  assert.equal(received.status, 200)
  assert.deepEqual(keysAsked(world), ['sk-one', 'sk-two', 'sk-two'])
  assert.deepEqual(await endKinds(world), ['settled', 'settled'])
  assert.deepEqual([line?.['upstreamKey'], line?.['attempts']], [2, 2])
  assert.ok(world.logs.some((one) => one.message === 'upstream key passed over'))
  assert.doesNotMatch(JSON.stringify(world.logs), /sk-one|sk-two/)
  const health = world.gateway.upstreamHealth()
  assert.deepEqual(
    health.keys.map((key) => [key.place, key.isPausing, key.why]),
    [
      [1, true, 'billing'],
      [2, false, null],
    ],
  )
  assert.equal(health.lastAccountFailure?.kind, 'billing')
})

test('every answer about a key sends the request to the next one, and its body with it', async () => {
  const own: readonly Buffer[] = [
    jsonReply(401, apiError('authentication_error', 'invalid x-api-key')),
    jsonReply(402, apiError('billing_error', 'x')),
    reply(401, 'x'.repeat(300_000)),
    jsonReply(403, apiError('permission_error', 'Your organization has been disabled.')),
    jsonReply(429, apiError('rate_limit_error', "You're out of extra usage.")),
    busy(1),
  ]
  for (const answer of own) {
    await using world = await openKeys(byKey({ 'sk-one': answer }))

    const received = await world.post()
    await world.finished(1)

    assert.equal(received.status, 200)
    assert.deepEqual(keysAsked(world), ['sk-one', 'sk-two'])
    assert.deepEqual(world.upstream.calls[0]?.body, world.upstream.calls[1]?.body)
    assert.deepEqual(await endKinds(world), ['settled'])
  }
})

test('an error about the request, a server in trouble and a broken connection are never tried with another key', async () => {
  const answers: readonly (Answer | Buffer)[] = [
    jsonReply(400, apiError('invalid_request_error', 'max_tokens: too large')),
    jsonReply(404, apiError('not_found_error', 'model: x')),
    jsonReply(500, apiError('api_error', 'Internal')),
    jsonReply(529, apiError('overloaded_error', 'Overloaded')),
    (call) => call.reset(),
    (call) => {
      call.send('HTTP/1.1 401 No\r\ncontent-length: 100\r\n\r\n{')
      call.reset()
    },
  ]
  for (const answer of answers) {
    await using world = await openKeys(byKey({ 'sk-one': answer }))

    await world.post()
    await world.finished(1)

    assert.deepEqual(keysAsked(world), ['sk-one'])
    assert.deepEqual(await endKinds(world), ['voided'])
  }
})

test('with every key refused the caller hears of the account and when to come back, after one attempt each', async () => {
  await using world = await openKeys(byKey({ 'sk-one': poor, 'sk-two': poor, 'sk-three': poor }), [
    'sk-one',
    'sk-two',
    'sk-three',
  ])

  const received = await world.post()
  const later = await world.post()
  await world.finished(2)

  assert.equal(received.status, 503)
  assert.equal(errorOf(received).error.details.error_code, 'upstream_account')
  assert.equal(received.header('retry-after'), '30')
  assert.equal(received.header('x-should-retry'), 'false')
  assert.equal(later.status, 503)
  // The second one asked once more, because a refusal never rests on a memory.
  assert.deepEqual(keysAsked(world).length, 4)
  assert.deepEqual(await endKinds(world), ['voided', 'voided'])
})

test('a key comes back by itself after its pause, and at once when the upstream takes it again', async () => {
  const clock = createSteeredClock()
  await using world = await openKeys(byKey({ 'sk-one': poor }), ['sk-one', 'sk-two'], clock)
  await world.post()
  world.upstream.answer = hi

  clock.advance(31_000)
  await world.post()
  await world.finished(2)

  assert.deepEqual(keysAsked(world), ['sk-one', 'sk-two', 'sk-one'])
  assert.ok(world.gateway.upstreamHealth().keys.every((key) => !key.isPausing && key.why === null))
})

test('with all keys at their pace the last answer passes byte for byte', async () => {
  await using world = await openKeys(byKey({ 'sk-one': busy(2), 'sk-two': busy(9) }))

  const received = await world.post()

  assert.equal(received.status, 429)
  assert.equal(received.header('retry-after'), '9')
  assert.equal(errorOf(received).error.message, 'Too many requests')
})

test('what is about one model or size pauses no key for everybody else', async () => {
  const long = jsonReply(
    429,
    apiError('rate_limit_error', 'Extra usage is required for long context.'),
  )
  await using world = await openKeys(byKey({ 'sk-one': long }))

  await world.post()
  world.upstream.answer = hi
  await world.post()

  assert.deepEqual(keysAsked(world), ['sk-one', 'sk-two', 'sk-one'])
})

test('token counts and models use the next key as well', async () => {
  await using world = await openKeys(byKey({ 'sk-one': poor }))

  const counted = await world.post({ path: '/v1/messages/count_tokens', body: '{}' })
  const listed = await world.post({ method: 'GET', path: '/v1/models' })

  assert.deepEqual([counted.status, listed.status], [200, 200])
  assert.deepEqual(keysAsked(world), ['sk-one', 'sk-two', 'sk-two'])
})

test('trouble with the account is told to the operator once per kind and then ever more rarely, and its end too', async () => {
  const clock = createSteeredClock()
  await using world = await openScriptedWorld((call) => call.send(poor), { clock })
  const alerts = () => world.logs.filter((line) => line.message === 'upstream account')

  for (let i = 0; i < 5; i++) await world.post()
  assert.equal(alerts().length, 1)
  assert.equal(world.gateway.upstreamHealth().isAccountTroubled, true)
  clock.advance(61_000)
  await world.post()
  assert.deepEqual(
    alerts().map((line) => line['repeated']),
    [0, 4],
  )
  clock.advance(61_000)
  await world.post()
  assert.equal(alerts().length, 2)

  world.upstream.answer = hi
  await world.post()
  await world.finished(8)

  assert.equal(world.gateway.upstreamHealth().isAccountTroubled, false)
  assert.equal(world.gateway.upstreamHealth().accountFailureCount, 7)
  assert.ok(world.logs.some((line) => line.message === 'upstream account works'))
})

test('an account that fails now and then floods no log', async () => {
  let count = 0
  await using world = await openScriptedWorld((call) => {
    count += 1
    return count % 2 === 0 ? hi(call) : call.send(poor)
  })

  for (let i = 0; i < 20; i++) await world.post()
  await world.finished(20)

  const lines = (message: string) => world.logs.filter((line) => line.message === message).length
  assert.deepEqual([lines('upstream account'), lines('upstream account works')], [1, 1])
})

test("an error event about the operator's account never reaches a running stream in the upstream's words", async () => {
  const words = ['Your credit balance is too low to access', "You're out of extra usage. Add more."]
  const before = messageEvents(['one', 'two'], usage).slice(0, 4).join('')
  for (const [index, type] of ['invalid_request_error', 'rate_limit_error'].entries()) {
    const error = event(apiError(type, words[index] ?? '') as Parameters<typeof event>[0])
    for (const size of [1, 7, 10_000]) {
      await using world = await openScriptedWorld((call) => {
        call.send(streamHead)
        const bytes = Buffer.from(before + error)
        for (let at = 0; at < bytes.length; at += size)
          call.send(piece(bytes.subarray(at, at + size)))
        call.send(streamEnd)
      })

      const received = await world.post({ body: askBody({ stream: true }) })
      const [line] = await world.finished(1)

      const text = received.body.toString()
      assert.ok(text.startsWith(`${before}event: error\n`), text)
      assert.match(text, /"error_code":"upstream_account"/)
      assert.doesNotMatch(text, /credit|extra usage/i)
      assert.match(text, /Only what was delivered is counted/)
      assert.doesNotMatch(text, /nothing was charged/i)
      assert.equal(line?.['outcome'], 'upstream_account')
      assert.equal(line?.['isEstimate'], true)
      assert.equal(world.logs.filter((one) => one.level === 'error').length, 1)
      assert.equal((await world.figures()).runningCount, 0)
    }
  }
})

test('a stream of announced length breaks off instead, so that nothing after it is read as its rest', async () => {
  const error = event(apiError('billing_error', 'x') as Parameters<typeof event>[0])
  const before = messageEvents(['one'], usage).slice(0, 3).join('')
  const rest = ': ping\n\n'.repeat(100)
  await using world = await openScriptedWorld((call) =>
    call.send(reply(200, before + error + rest, ['content-type: text/event-stream'])),
  )

  const connection = await world.begin({ body: askBody({ stream: true }) })
  const received = parseReply(await connection.toEnd())
  const [line] = await world.finished(1)

  assert.equal(received.body.toString(), before)
  assert.equal(line?.['outcome'], 'upstream_account')
  assert.deepEqual(await endKinds(world), ['settled'])
})

test('any other error event passes byte for byte, wherever the stream was cut', async () => {
  const error = event(apiError('overloaded_error', 'Overloaded') as Parameters<typeof event>[0])
  const whole = messageEvents(['one'], usage).slice(0, 3).join('') + error
  for (const size of [1, 5, 64]) {
    await using world = await openScriptedWorld((call) => {
      call.send(streamHead)
      for (let at = 0; at < whole.length; at += size) call.send(piece(whole.slice(at, at + size)))
      call.send(streamEnd)
    })

    const received = await world.post({ body: askBody({ stream: true }) })

    assert.equal(received.body.toString(), whole)
  }
})
