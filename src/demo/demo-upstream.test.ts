import Anthropic from '@anthropic-ai/sdk'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { createSystemClock } from '../system/system-clock.ts'
import { systemRandom } from '../system/random.ts'
import { startDemoUpstream, type DemoUpstream } from './demo-upstream.ts'
import { demoFailures } from './demo-wishes.ts'

let demo: DemoUpstream
let client: Anthropic

before(async () => {
  demo = await startDemoUpstream({ clock: createSystemClock(), random: systemRandom })
  client = new Anthropic({ baseURL: demo.url, apiKey: 'any', maxRetries: 0 })
})
after(() => demo.close())

const question = {
  model: 'claude-opus-5-5',
  max_tokens: 1000,
  messages: [{ role: 'user' as const, content: 'say hi' }],
}

const textOf = (message: Anthropic.Message): string =>
  message.content.map((block) => (block.type === 'text' ? block.text : '')).join('')

test('a message is answered with real usage, and says that no model wrote it', async () => {
  const message = await client.messages.create(question)

  assert.match(textOf(message), /demo upstream/)
  assert.match(textOf(message), /"say hi"/)
  assert.equal(message.stop_reason, 'end_turn')
  assert.ok(message.usage.input_tokens > 0)
  assert.ok(message.usage.output_tokens > 10)
  assert.match(message._request_id ?? '', /^req_/)
})

test('a stream gives the same message as the client library puts it together', async () => {
  const deltas: string[] = []
  const stream = client.messages.stream(question).on('text', (text) => deltas.push(text))
  const message = await stream.finalMessage()

  assert.equal(deltas.join(''), textOf(message))
  assert.ok(deltas.length > 5)
  assert.equal(message.stop_reason, 'end_turn')
  assert.ok(message.usage.output_tokens > 10)
})

test('thinking comes first, has a signature, and counts as output', async () => {
  const asked = { ...question, thinking: { type: 'adaptive' as const } }
  const message = await client.messages.stream(asked).finalMessage()
  const [first] = message.content

  assert.equal(first?.type, 'thinking')
  assert.ok(first.type === 'thinking' && first.thinking !== '' && first.signature !== '')
  const thinkingTokens = message.usage.output_tokens_details?.thinking_tokens ?? 0
  assert.ok(thinkingTokens > 0 && thinkingTokens < message.usage.output_tokens)
})

test('a tool that the prompt names is used with values that fit its schema, and its result is heard', async () => {
  const tools: Anthropic.Tool[] = [
    { name: 'get_time', input_schema: { type: 'object', properties: {} } },
    {
      name: 'get_weather',
      input_schema: {
        type: 'object',
        properties: {
          city: { type: 'string' },
          unit: { enum: ['celsius', 'fahrenheit'] },
          days: { type: 'integer', minimum: 2 },
        },
        required: ['city', 'unit', 'days'],
      },
    },
  ]
  const asking = { role: 'user' as const, content: 'please use get_weather' }
  const message = await client.messages
    .stream({ ...question, tools, messages: [asking] })
    .finalMessage()
  const use = message.content.find((block) => block.type === 'tool_use')

  assert.equal(message.stop_reason, 'tool_use')
  assert.equal(use?.name, 'get_weather')
  assert.deepEqual(use.input, { city: 'demo', unit: 'celsius', days: 2 })

  const result = { type: 'tool_result' as const, tool_use_id: use.id, content: 'sunny' }
  const next = await client.messages.create({
    ...question,
    tools,
    messages: [
      asking,
      { role: 'assistant', content: message.content },
      { role: 'user', content: [result] },
    ],
  })
  assert.match(textOf(next), /The tool answered: sunny/)
  assert.equal(next.stop_reason, 'end_turn')
})

test('offering tools does not mean that one is used', async () => {
  const tools: Anthropic.Tool[] = [{ name: 'Bash', input_schema: { type: 'object' } }]

  assert.equal((await client.messages.create({ ...question, tools })).stop_reason, 'end_turn')
})

test('a marked prefix is written to the cache at first sight and read from it afterwards', async () => {
  const system = (text: string, ttl: '5m' | '1h'): Anthropic.TextBlockParam[] => [
    { type: 'text', text, cache_control: { type: 'ephemeral', ttl } },
  ]
  const asked = { ...question, system: system('You are kind. '.repeat(200), '1h') }

  const first = await client.messages.create(asked)
  const second = await client.messages.create(asked)
  const other = await client.messages.create({ ...question, system: system('Another.', '5m') })

  const written = first.usage.cache_creation?.ephemeral_1h_input_tokens ?? 0
  assert.ok(written > 900)
  assert.equal(first.usage.cache_creation_input_tokens, written)
  assert.equal(first.usage.cache_read_input_tokens, 0)
  assert.equal(second.usage.cache_read_input_tokens, written)
  assert.equal(second.usage.cache_creation_input_tokens, 0)
  assert.equal(second.usage.input_tokens, first.usage.input_tokens)
  assert.ok((other.usage.cache_creation?.ephemeral_5m_input_tokens ?? 0) > 0)
})

test('the next turn of a conversation reads what the last one wrote', async () => {
  const turn = (text: string): Anthropic.MessageParam => ({
    role: 'user',
    content: [{ type: 'text', text, cache_control: { type: 'ephemeral' } }],
  })
  const first = await client.messages.create({ ...question, messages: [turn('first turn')] })
  const second = await client.messages.create({
    ...question,
    messages: [turn('first turn'), { role: 'assistant', content: 'yes' }, turn('second')],
  })

  assert.equal(second.usage.cache_read_input_tokens, first.usage.cache_creation_input_tokens)
  assert.ok((second.usage.cache_creation_input_tokens ?? 0) > 0)
})

test('the number of output tokens can be asked for, and max_tokens cuts it', async () => {
  const wish = { headers: { 'x-demo-output-tokens': '700' } }
  const whole = await client.messages.create(question, wish)
  const cut = await client.messages.create({ ...question, max_tokens: 50 }, wish)
  const inPrompt = await client.messages.create({
    ...question,
    messages: [{ role: 'user', content: 'demo-output-tokens: 123' }],
  })

  assert.equal(whole.usage.output_tokens, 700)
  assert.ok(textOf(whole).length > 2000)
  assert.equal(cut.usage.output_tokens, 50)
  assert.equal(cut.stop_reason, 'max_tokens')
  assert.equal(inPrompt.usage.output_tokens, 123)
})

test('tokens are counted without an answer, and models are listed', async () => {
  const { max_tokens: _, ...counted } = question
  const count = await client.messages.countTokens(counted)
  const message = await client.messages.create(question)
  const models = await client.models.list()

  assert.equal(count.input_tokens, message.usage.input_tokens)
  assert.ok(models.data.some((model) => model.id === 'claude-opus-5-5'))
  assert.equal((await client.models.retrieve('claude-opus-5-5')).id, 'claude-opus-5-5')
  await assert.rejects(client.models.retrieve('none'), { status: 404 })
  assert.equal((await fetch(demo.url, { method: 'HEAD' })).status, 200)
})

test('what the API would refuse is refused in its shape', async () => {
  const refusals = [
    { change: { model: 'gpt-9' }, status: 404, type: 'not_found_error' },
    { change: { max_tokens: 0 }, status: 400, type: 'invalid_request_error' },
    { change: { messages: [] }, status: 400, type: 'invalid_request_error' },
  ]
  for (const { change, status, type } of refusals) {
    await assert.rejects(client.messages.create({ ...question, ...change }), { status, type })
  }
})

test('failures can be asked for by a header', async () => {
  const statuses = {
    overloaded: 529,
    '500': 500,
    '429': 429,
    '401': 401,
    '402-credit': 402,
    '400-credit': 400,
  }
  for (const [failure, status] of Object.entries(statuses)) {
    const asked = client.messages.create(question, { headers: { 'x-demo-fail': failure } })
    await assert.rejects(asked, { status })
  }
})

async function streamed(failure: string): Promise<{ text: string; isBroken: boolean }> {
  const response = await fetch(`${demo.url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-demo-fail': failure },
    body: JSON.stringify({ ...question, stream: true }),
  })
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
    return { text, isBroken: false }
  } catch {
    return { text, isBroken: true }
  }
}

test('a stream can break off, end in an error event, lack its end, its usage, or its sense', async () => {
  const cut = await streamed('cut-mid-stream')
  assert.ok(cut.isBroken && cut.text.includes('text_delta') && !cut.text.includes('message_stop'))

  const failed = await streamed('error-event')
  assert.ok(!failed.isBroken && failed.text.includes('event: error'))
  assert.ok(failed.text.includes('overloaded_error') && !failed.text.includes('message_stop'))

  const open = await streamed('no-stop')
  assert.ok(open.text.includes('message_delta') && !open.text.includes('message_stop'))

  const silent = await streamed('no-usage')
  assert.ok(silent.text.includes('message_stop') && !silent.text.includes('"usage"'))

  assert.match((await streamed('bad-usage')).text, /"input_tokens":-\d/)
  await assert.rejects(streamed('cut-before-headers'))
})

test('a request that hangs is answered by nothing until the caller leaves', async () => {
  const leaving = new AbortController()
  const hanging = fetch(`${demo.url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-demo-fail': 'hang' },
    body: JSON.stringify(question),
    signal: leaving.signal,
  })
  const answered = await client.messages.create(question)
  leaving.abort()

  assert.ok(answered.id.startsWith('msg_'))
  await assert.rejects(hanging, { name: 'AbortError' })
})

test('a prompt can ask for a failure too, but only the newest one', async () => {
  const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'demo-fail: overloaded' }]
  await assert.rejects(client.messages.create({ ...question, messages }), { status: 529 })

  messages.push({ role: 'assistant', content: 'no' }, { role: 'user', content: 'say hi' })
  const message = await client.messages.create({ ...question, messages })
  assert.equal(message.stop_reason, 'end_turn')
})

test('every failure that can be asked for is in the docs', () => {
  const page = readFileSync(new URL('../../docs/demo-upstream.md', import.meta.url), 'utf8')
  const missing = demoFailures.filter((failure) => !page.includes(failure))

  assert.deepEqual(missing, [])
})
