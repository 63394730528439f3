import assert from 'node:assert/strict'
import { test } from 'node:test'
import Anthropic from '@anthropic-ai/sdk'
import { nanosPerUnit } from '../../src/core/money.ts'
import { startDemoUpstream } from '../../src/demo/demo-upstream.ts'
import { systemRandom } from '../../src/system/random.ts'
import { createSystemClock } from '../../src/system/system-clock.ts'
import { openWorld, sessionPlan, type World, type WorldOptions } from './world.ts'

/** The official client library against the gateway, with the built-in demo as the upstream. */
async function openSdkWorld(
  options: Omit<WorldOptions, 'upstream'> & { readonly isPaced?: boolean } = {},
): Promise<{ readonly world: World; readonly client: Anthropic } & AsyncDisposable> {
  const { isPaced = false } = options
  const demo = await startDemoUpstream({
    clock: createSystemClock(),
    random: systemRandom,
    isPaced,
  })
  const world = await openWorld({ ...options, upstream: demo })
  const client = new Anthropic({ baseURL: world.url, apiKey: world.seat.keyText })
  return {
    world,
    client,
    async [Symbol.asyncDispose]() {
      await world[Symbol.asyncDispose]()
      await demo.close()
    },
  }
}

const model = 'claude-sonnet-5-5'
const weather: Anthropic.Tool = {
  name: 'get_weather',
  description: 'Tells the weather of a city',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
  },
}

async function settledUsage(world: World): Promise<readonly unknown[]> {
  return (await world.entries()).flatMap(({ body }) =>
    body.kind === 'settled' ? [[body.usage.input, body.usage.output, body.isEstimate]] : [],
  )
}

test('the official SDK uses tools through the gateway, streaming and not, and each answer is settled by its usage', async () => {
  await using opened = await openSdkWorld()
  const { client, world } = opened
  const messages: Anthropic.MessageParam[] = [
    { role: 'user', content: 'What is the weather in Berlin? Please use the tool.' },
  ]
  const asked = await client.messages.create({
    model,
    max_tokens: 1000,
    tools: [weather],
    tool_choice: { type: 'any' },
    messages,
  })
  const use = asked.content.find((block) => block.type === 'tool_use')
  assert.ok(use)
  messages.push({ role: 'assistant', content: asked.content })
  messages.push({
    role: 'user',
    content: [{ type: 'tool_result', tool_use_id: use.id, content: 'Rain, 9 degrees' }],
  })

  const stream = client.messages.stream({ model, max_tokens: 1000, tools: [weather], messages })
  let streamed = ''
  stream.on('text', (text) => {
    streamed += text
  })
  const answered = await stream.finalMessage()

  await world.finished(2)
  assert.equal(asked.stop_reason, 'tool_use')
  assert.equal(answered.stop_reason, 'end_turn')
  const text = answered.content.find((block) => block.type === 'text')?.text
  assert.ok(streamed !== '' && streamed === text)
  assert.deepEqual(await settledUsage(world), [
    [asked.usage.input_tokens, asked.usage.output_tokens, false],
    [answered.usage.input_tokens, answered.usage.output_tokens, false],
  ])
})

test('the official SDK counts tokens and lists models through the gateway', async () => {
  await using opened = await openSdkWorld()
  const { client } = opened
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'hello there' }]

  const counted = await client.messages.countTokens({ model, messages })
  const models = await client.models.list({ limit: 1000 })
  const found = await client.models.retrieve(models.data[0]?.id ?? '')

  assert.ok(counted.input_tokens > 0)
  assert.ok(models.data.length > 0)
  assert.equal(found.id, models.data[0]?.id)
})

test('L10: a denial costs the official SDK one request, and its text arrives whole', async () => {
  await using opened = await openSdkWorld({ plan: sessionPlan(1n) })
  const { client, world } = opened
  const ask = { model, max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] } as const
  await client.messages.create({ ...ask, messages: [...ask.messages] })
  await world.finished(1)

  const refusal = client.messages.create({ ...ask, messages: [...ask.messages] })

  await assert.rejects(refusal, (error: unknown) => {
    assert.ok(error instanceof Anthropic.RateLimitError)
    assert.match(error.message, /Your session limit is used up/)
    assert.match(error.message, /To go on:/)
    return true
  })
  const lines = await world.finished(2)
  assert.deepEqual(
    lines.map((line) => line['outcome']),
    ['finished', 'denied'],
  )
})

test('a stream that the official SDK aborts is settled once, for what was delivered', async () => {
  await using opened = await openSdkWorld({ plan: sessionPlan(nanosPerUnit), isPaced: true })
  const { client, world } = opened
  const stream = client.messages.stream({
    model,
    max_tokens: 50_000,
    messages: [{ role: 'user', content: 'Write long. demo-output-tokens: 40000' }],
  })
  await new Promise<void>((resolve) => {
    stream.once('text', () => resolve())
  })

  stream.abort()
  await stream.done().catch(() => 'aborted')
  await world.finished(1)

  const [settled, ...others] = await settledUsage(world)
  assert.deepEqual(others, [])
  const [, output, isEstimate] = settled as [number, number, boolean]
  assert.equal(isEstimate, true)
  assert.ok(output > 0 && output < 40_000, `${output}`)
  assert.equal((await world.figures()).runningCount, 0)
})
