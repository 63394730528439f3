import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import type { Entry } from '../../src/core/entry.ts'
import { costOf, type Usage } from '../../src/core/usage.ts'
import { createPriceBook } from '../../src/providers/prices.ts'
import {
  answering,
  event,
  jsonReply,
  message,
  messageDelta,
  messageEvents,
  messageStart,
  piece,
  streamEnd,
  streamHead,
  textDelta,
  type Answer,
} from './scripted-upstream.ts'
import { askBody, errorOf, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'

const usage = { input_tokens: 1000, output_tokens: 500 }
const stream = { body: askBody({ stream: true }) }

type Settled = Extract<Entry['body'], { kind: 'settled' }>

async function onlySettled(world: ScriptedWorld): Promise<Settled> {
  const ends = (await world.entries()).map((entry) => entry.body)
  const settled = ends.filter((body) => body.kind === 'settled')
  assert.equal(settled.length, 1)
  const [end] = settled
  assert.ok(end)
  assert.equal((await world.figures()).runningCount, 0)
  return end
}

/** Sends these events, ends the body or leaves it open, and settles. */
async function settledAfter(
  events: readonly string[],
  how: 'end' | 'cut' | 'leave',
): Promise<Settled> {
  const answer: Answer = (call) => {
    call.send(streamHead)
    for (const one of events) call.send(piece(one))
    if (how === 'end') call.send(streamEnd)
    if (how === 'cut') call.finish()
  }
  await using world = await openScriptedWorld(answer)
  if (how === 'leave') {
    const connection = await world.begin(stream)
    await connection.until(events.at(-1) ?? '')
    connection.leave()
  } else {
    await world.post(stream)
  }
  await world.finished(1)
  const settled = await onlySettled(world)
  return settled
}

test('L2: once the final report has passed, it is what is charged, however the stream ends', async () => {
  const whole = messageEvents(['word '.repeat(400)], usage)
  for (const how of ['end', 'cut', 'leave'] as const) {
    const settled = await settledAfter(whole.slice(0, -1), how)

    assert.deepEqual([settled.isEstimate, settled.usage], [false, { input: 1000, output: 500 }])
  }
})

test('a report in the middle of an answer is not the final one', async () => {
  const events = [
    event(messageStart({ input_tokens: 1000, output_tokens: 1 })),
    event({ type: 'message_delta', delta: { stop_reason: null }, usage: { output_tokens: 3 } }),
    event(textDelta('word '.repeat(400))),
  ]

  const settled = await settledAfter(events, 'cut')

  assert.equal(settled.isEstimate, true)
  assert.ok((settled.usage.output ?? 0) > 200)
})

const searchUse = (id: string, name = 'web_search') =>
  event({
    type: 'content_block_start',
    index: 1,
    content_block: { type: 'server_tool_use', id, name, input: {} },
  })
const searchResult = (bytes: number) =>
  event({
    type: 'content_block_start',
    index: 2,
    content_block: {
      type: 'web_search_tool_result',
      tool_use_id: 's',
      content: [{ type: 'web_search_result', encrypted_content: 'x'.repeat(bytes) }],
    },
  })

test('L2: leaving before the final report hides neither searches nor what they brought in', async () => {
  const start = event(messageStart({ input_tokens: 1000, output_tokens: 1 }))
  const searching = [start, searchUse('s1'), searchResult(50_000), searchUse('s2')]

  const ending = [searchResult(30_000), event(textDelta('so'))]
  const settled = await settledAfter([...searching, ...ending], 'leave')

  assert.equal(settled.isEstimate, true)
  assert.equal(settled.usage.web_search, 2)
  const input = settled.usage.input ?? 0
  assert.ok(input >= 1000 + 80_000 / 2.5 && input < 1000 + 90_000 / 2.5, `${input}`)
})

test('L2: a result that is too long to be kept counts by its size, and fetches are counted as such', async () => {
  const start = event(messageStart({ input_tokens: 10, output_tokens: 1 }))

  const settled = await settledAfter(
    [start, searchUse('f', 'web_fetch'), searchResult(2_000_000), event(textDelta('a'))],
    'cut',
  )

  assert.equal(settled.usage.web_fetch, 1)
  assert.ok((settled.usage.input ?? 0) >= 800_000, `${settled.usage.input}`)
})

test('a final report already holds its searches: nothing is added to it', async () => {
  const start = event(messageStart({ input_tokens: 1000, output_tokens: 1 }))
  const report = {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn' },
    usage: { input_tokens: 30_000, output_tokens: 5, server_tool_use: { web_search_requests: 1 } },
  }

  const settled = await settledAfter(
    [start, searchUse('s'), searchResult(9000), event(report)],
    'cut',
  )

  const expected: Usage = { input: 30_000, output: 5, web_search: 1 }
  assert.deepEqual([settled.isEstimate, settled.usage], [false, expected])
})

const cut = [event(messageStart({ input_tokens: 1000, output_tokens: 1 }))]
const stop = event({ type: 'message_stop' })
const delta = (value: object) =>
  event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: value })

test('O8: two final reports count once, the later one; one that goes down is not believed', async () => {
  const up = await settledAfter(
    [...cut, delta({ output_tokens: 5 }), delta({ output_tokens: 9 }), stop],
    'end',
  )
  const down = await settledAfter(
    [...cut, delta({ output_tokens: 900 }), delta({ output_tokens: 9 }), stop],
    'end',
  )

  assert.deepEqual([up.isEstimate, up.usage.output], [false, 9])
  assert.deepEqual([down.isEstimate, down.usage.output], [true, 900])
})

test('O8: whatever stands in the place of usage, the charge stays within what can be, and says that it is an estimate', async () => {
  const absurd: readonly unknown[] = [
    { input_tokens: 1000, output_tokens: -5 },
    { input_tokens: 1000, output_tokens: 1e18 },
    { input_tokens: 1000, output_tokens: 7.5 },
    { input_tokens: 1000, output_tokens: '500' },
    { input_tokens: 1000, output_tokens: null },
    { input_tokens: 1000, output_tokens: [5] },
    { input_tokens: 1000, output_tokens: { value: 5 } },
    { input_tokens: 1000, output_tokens: true },
    { input_tokens: 1e300, output_tokens: 5 },
    'many',
    null,
    [],
    7,
  ]
  for (const value of absurd) {
    const deltaEvent = event({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn' },
      usage: value,
    })
    const text = event(textDelta('word '.repeat(100)))
    const settled = await settledAfter([...cut, text, deltaEvent, stop], 'end')

    const { input = 0, output = 0 } = settled.usage
    assert.equal(settled.isEstimate, true, JSON.stringify(value))
    assert.equal(input, 1000)
    assert.ok(output >= 100 && output <= 1000, `${output}`)
  }
})

test('O8: JSON has no NaN: an event that is no JSON leaves the estimate of what was delivered', async () => {
  const broken =
    'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":NaN}}\n\n'

  const settled = await settledAfter(
    [...cut, event(textDelta('word '.repeat(50))), broken, stop],
    'end',
  )

  assert.equal(settled.isEstimate, true)
  assert.ok((settled.usage.output ?? 0) >= 50)
})

test('a report without the beginning of its message is settled with the expected input', async () => {
  const settled = await settledAfter([event(messageDelta({ output_tokens: 40 })), stop], 'end')

  assert.equal(settled.isEstimate, true)
  assert.ok((settled.usage.input ?? 0) > 0)
  assert.equal(settled.usage.output, 40)
})

async function logsAfter(answer: Answer, body = askBody()) {
  await using world = await openScriptedWorld(answer)
  await world.post({ body })
  const [line] = await world.finished(1)
  const settled = await onlySettled(world)
  return { line, settled, logs: world.logs, health: world.gateway.upstreamHealth() }
}

test('an answer from a dearer model than the one asked for is told to the operator, and charged as asked', async () => {
  const dear = await logsAfter((call) =>
    call.send(jsonReply(200, message('hi', usage, 'claude-opus-4-1'))),
  )
  const unknown = await logsAfter((call) =>
    call.send(jsonReply(200, message('hi', usage, 'claude-unheard-of'))),
  )
  const dated = await logsAfter((call) =>
    call.send(jsonReply(200, message('hi', usage, 'claude-sonnet-4-5-20250929'))),
  )
  const cheap = await logsAfter((call) =>
    call.send(jsonReply(200, message('hi', usage, 'claude-haiku-4-5'))),
  )

  for (const { logs, line, health } of [dear, unknown]) {
    assert.equal(logs.filter((one) => one.message === 'answered by another model').length, 1)
    assert.ok(line?.['answeredModel'])
    assert.equal(health.otherModelCount, 1)
  }
  for (const { logs, health } of [dated, cheap]) {
    assert.equal(logs.filter((one) => one.level !== 'info').length, 0)
    assert.equal(health.otherModelCount, 0)
  }
  assert.equal(cheap.line?.['answeredModel'], 'claude-haiku-4-5')
  assert.equal(dear.settled.costNanos, dated.settled.costNanos)
})

test('a model that a request names as its fallback may answer: its price is in the hold already', async () => {
  const body = askBody({ fallbacks: [{ model: 'claude-opus-4-1' }] })

  const { logs } = await logsAfter(
    (call) => call.send(jsonReply(200, message('hi', usage, 'claude-opus-4-1'))),
    body,
  )

  assert.deepEqual(
    logs.filter((one) => one.level !== 'info'),
    [],
  )
})

test('a kind of usage that is not priced here is told to the operator once, and changes no charge', async () => {
  const odd = { ...usage, dream_tokens: 12, service_tier: 'golden', iterations: [] }
  await using world = await openScriptedWorld((call) =>
    call.send(jsonReply(200, { ...message('hi', usage), usage: odd })),
  )

  await world.post()
  await world.post()
  const [line] = await world.finished(2)

  const told = world.logs.filter((one) => one.message === 'usage of a kind that is not priced')
  assert.deepEqual(
    told.map((one) => one['kind']),
    ['dream_tokens', 'service_tier:golden'],
  )
  assert.equal(line?.['isEstimate'], false)
  assert.equal(line?.['usage_output'], 500)
})

test('O10: an answer that calls itself a batch, or names a tier that nobody knows, is charged in full', async () => {
  const plain = await logsAfter((call) => call.send(jsonReply(200, message('hi', usage))))
  for (const service_tier of ['batch', 'priority', 'golden', '']) {
    const reply = { ...message('hi', usage), usage: { ...usage, service_tier } }

    const { settled } = await logsAfter((call) => call.send(jsonReply(200, reply)))

    assert.equal(settled.costNanos, plain.settled.costNanos, service_tier)
    assert.equal(settled.isEstimate, false)
  }
})

test('O10: a name that no price knows is refused before the upstream hears of it, or charged by the ceiling, as declared', async () => {
  const odd = [
    'claude-sonnet-4-5[1m]',
    'anthropic/claude-sonnet-4-5',
    'claude-sonnet-4-7',
    'CLAUDE-SONNET-4-5',
  ]
  const ceiling = createPriceBook({
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    unpriced: 'ceiling',
  })
  await using refusing = await openScriptedWorld(answering('hi', usage))
  await using charging = await openScriptedWorld(answering('hi', usage), { prices: ceiling })
  for (const model of odd) {
    const refused = await refusing.post({ body: askBody({ model }) })
    const served = await charging.post({ body: askBody({ model }) })

    assert.deepEqual([refused.status, served.status], [404, 200], model)
    assert.equal(errorOf(refused).error.details.error_code, 'model_unpriced')
  }
  const lines = await charging.finished(odd.length)

  assert.equal(refusing.upstream.calls.length, 0)
  const dearest = ceiling.priceOf({ model: 'unheard-of' }, Date.now())
  assert.ok(dearest)
  const cost = costOf(dearest, { input: 1000, output: 500 }).toString()
  assert.ok(costOf(dearest, { input: 1000, output: 500 }) > 0n)
  assert.deepEqual(
    lines.map((line) => line['costNanos']),
    odd.map(() => cost),
  )
})

test('L10: a client library that repeats a busy answer by itself is charged for the one that it got', async () => {
  const busy = jsonReply(
    529,
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
    ['retry-after-ms: 1'],
  )
  await using world = await openScriptedWorld((call) =>
    world.upstream.calls.length <= 2 ? call.send(busy) : answering('hi', usage)(call),
  )
  const client = new Anthropic({ baseURL: world.url, apiKey: world.seat.keyText, maxRetries: 2 })

  const answer = await client.messages.create({
    model: 'claude-sonnet-4-5',
    max_tokens: 1000,
    messages: [{ role: 'user', content: 'hi' }],
  })
  const lines = await world.finished(3)

  assert.equal(answer.usage.output_tokens, 500)
  assert.deepEqual(
    lines.map((line) => line['hold']),
    ['voided', 'voided', 'settled'],
  )
  await onlySettled(world)
})
