import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { contextTokensMax } from './anthropic-input.ts'
import { maxTokensMax, readRequest, type RequestReading } from './anthropic-request.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const simple = { model: 'claude-opus-5-5', max_tokens: 100 }

function readOk(fields: object): RequestReading & { kind: 'ok' } {
  const reading = readRequest(encode(JSON.stringify({ ...simple, ...fields })))
  assert.ok(reading.kind === 'ok', JSON.stringify(reading))
  return reading
}

test('a request as the Claude Code client sends it is read, whatever else it carries', () => {
  const userId = {
    device_id: 'd',
    account_uuid: '',
    session_id: '0b4e0d5e-1111-4222-8333-444455556666',
  }
  const reading = readOk({
    max_tokens: 128_000,
    stream: true,
    metadata: { user_id: JSON.stringify(userId) },
    thinking: { type: 'adaptive', display: 'omitted' },
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    output_config: { effort: 'medium' },
    unknown_field_of_2031: { deep: [1, { a: null }] },
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'say hi' }] },
      { role: 'system', content: 'mid-conversation', output_config: { effort: 'low' } },
    ],
    tools: [{ name: 'Bash', input_schema: {}, defer_loading: true }],
  })

  assert.equal(reading.model, 'claude-opus-5-5')
  assert.equal(reading.maxTokens, 128_000)
  assert.ok(reading.isStream && reading.isThinking)
  assert.equal(reading.sessionId, '0b4e0d5e-1111-4222-8333-444455556666')
  assert.deepEqual(reading.marks, [])
  assert.deepEqual(reading.otherModels, [])
})

test('a malformed request is named by what is wrong with it', () => {
  const problems: readonly [string, RegExp][] = [
    ['', /not valid JSON/],
    ['{', /not valid JSON/],
    ['{"model":"a","max_tokens":5} x', /not valid JSON: unexpected text at position 29/],
    ['\ufeff{"model":"a","max_tokens":5}', /not valid JSON/],
    ['[]', /must be a JSON object/],
    ['null', /must be a JSON object/],
    ['{"max_tokens":5}', /^model: Field required/],
    ['{"model":1,"max_tokens":5}', /^model: Input should be a valid string/],
    ['{"model":"","max_tokens":5}', /^model: String should have at least 1/],
    [`{"model":"${'m'.repeat(201)}","max_tokens":5}`, /^model: String should have at most 200/],
    ['{"model":"a\\u0000b","max_tokens":5}', /^model: .*control/],
    ['{"model":"a"}', /^max_tokens: Field required/],
    ['{"model":"a","max_tokens":null}', /^max_tokens: Input should be a valid integer/],
    ['{"model":"a","max_tokens":"5"}', /^max_tokens: Input should be a valid integer/],
    ['{"model":"a","max_tokens":0}', /^max_tokens: .*greater than or equal to 1/],
    ['{"model":"a","max_tokens":-1}', /^max_tokens: .*greater than or equal to 1/],
    ['{"model":"a","max_tokens":1.5}', /^max_tokens: .*fractional/],
    ['{"model":"a","max_tokens":9223372036854775808}', /^max_tokens: .*less than or equal/],
    ['{"model":"a","max_tokens":9007199254740993}', /^max_tokens: .*less than or equal/],
    ['{"model":"a","max_tokens":1e400}', /^max_tokens: .*less than or equal/],
    ['{"model":"a","max_tokens":5,"stream":"yes"}', /^stream: Input should be a valid boolean/],
  ]
  for (const [body, expected] of problems) {
    const reading = readRequest(encode(body))
    assert.ok(reading.kind === 'problem', body)
    assert.match(reading.message, expected, body)
  }
})

test('invalid UTF-8 is refused, and characters of every plane are read', () => {
  const body = encode('{"model":"a","max_tokens":5,"x":"y"}')
  body[body.length - 3] = 0xff
  assert.equal(readRequest(body).kind, 'problem')
  assert.equal(readRequest(encode('{"model":"a","max_tokens":5,"x":"ä€😀\\ud800"}')).kind, 'ok')
})

test('a field that stands twice is refused, however its name is written', () => {
  const bodies = [
    '{"model":"cheap","max_tokens":5,"model":"dear"}',
    '{"model":"cheap","max_tokens":5,"mod\\u0065l":"dear"}',
    '{"max_tokens":1,"model":"a","messages":[{"role":"x"}],"max_tokens" : 100000}',
    '{"model":"a","max_tokens":5,"x":1,"x":1}',
  ]
  for (const body of bodies) {
    const reading = readRequest(encode(body))
    assert.ok(reading.kind === 'problem' && /Duplicate field/.test(reading.message), body)
  }
})

test('a field that stands twice in what decides about the price is refused, too', () => {
  const bodies = [
    '{"model":"m","max_tokens":5,"fallbacks":[{"model":"a","model":"b"}]}',
    '{"model":"m","max_tokens":5,"tools":[{},{"type":"x","name":"n","t\\u0079pe":"y"}]}',
    '{"thinking":{"type":"disabled","type":"enabled"},"model":"m","max_tokens":5}',
  ]
  for (const body of bodies) {
    const reading = readRequest(Buffer.from(body))
    assert.ok(reading.kind === 'problem' && /Duplicate field/.test(reading.message), body)
  }
  const others = [
    '{"model":"m","max_tokens":5,"tools":[{"input_schema":{"a":1,"a":2}},{"type":1},{"type":2}]}',
    '{"model":"m","max_tokens":5,"tools":[],"messages":[{"role":"user","role":"user"}]}',
  ]
  for (const body of others) assert.equal(readRequest(Buffer.from(body)).kind, 'ok', body)
})

test('the same name further inside, or inside a text, is nobody twice', () => {
  const bodies = [
    '{"model":"a","max_tokens":5,"x":{"model":"b","model":"c"}}',
    '{"model":"a","max_tokens":5,"x":"\\"model\\":\\"b\\","}',
    '{"model":"a","max_tokens":5,"x":["model","model"],"y":"model"}',
    '{"model":"a","max_tokens":5,"x":"\\\\","max":"\\\\\\""}',
  ]
  for (const body of bodies) assert.equal(readRequest(encode(body)).kind, 'ok', body)
})

test('whatever keys an object has, a duplicate is found exactly where the parser would hide it', () => {
  const key = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ minLength: 40, maxLength: 70 }),
    fc.constantFrom('a', '\\', '"', '\\"', '{', '}', ',"', 'model'),
  )
  const value = fc.jsonValue()
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value)), ([...pairs]) => {
      const fields = [['model', 'm'], ['max_tokens', 1], ...pairs]
      const text = fields.map(([name, part]) => `${JSON.stringify(name)}: ${JSON.stringify(part)}`)
      const hasDuplicate = new Set(fields.map(([name]) => name)).size < fields.length
      const reading = readRequest(encode(`{${text.join(' , ')}}`))
      const isRefused = reading.kind === 'problem' && /Duplicate field/.test(reading.message)
      return hasDuplicate === isRefused
    }),
  )
})

test('a text that nests beyond reason is refused before anything is built of it', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const inner = `${open.repeat(1_000_000)}1${close.repeat(1_000_000)}`
    const reading = readRequest(encode(`{"model":"a","max_tokens":5,"x":${inner}}`))
    assert.ok(reading.kind === 'problem')
    assert.match(reading.message, /nested too deeply/)
  }
})

test('no bytes at all make reading a request throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(encode)), (body) => {
      const { kind } = readRequest(body)
      return kind === 'ok' || kind === 'problem'
    }),
  )
})

test('a problem never quotes what somebody wrote', () => {
  const reading = readRequest(encode('{"model":"a","max_tokens":5,"messages":"my secret prompt'))

  assert.ok(reading.kind === 'problem')
  assert.doesNotMatch(reading.message, /secret|prompt/)
})

test('a session is found in both forms that clients use, and nothing odd passes as one', () => {
  const sessionOf = (userId: unknown): string | null =>
    readOk({ metadata: { user_id: userId } }).sessionId

  assert.equal(sessionOf('user_ab12_account__session_0b4e-11'), '0b4e-11')
  assert.equal(sessionOf('{"session_id":"s-1"}'), 's-1')
  for (const odd of ['{', '{"session_id":5}', '{"session_id":"a b"}', 'someone', 7, null]) {
    assert.equal(sessionOf(odd), null)
  }
  assert.equal(readOk({ metadata: 'text' }).sessionId, null)
})

test('other models that can serve the request are named', () => {
  const named = readOk({
    fallbacks: [{ model: 'claude-opus-4-8' }, { model: 'claude-opus-5-5' }],
    tools: [{ type: 'advisor_20260301', name: 'advisor', model: 'claude-fable-5-2' }],
  })

  assert.deepEqual(named.otherModels, ['claude-opus-4-8', 'claude-fable-5-2'])
  assert.deepEqual(readOk({ fallbacks: 'default' }).otherModels, [])

  const many = Array.from({ length: 9 }, (_, index) => ({ model: `claude-${index}` }))
  const reading = readRequest(encode(JSON.stringify({ ...simple, fallbacks: many })))
  assert.ok(reading.kind === 'problem' && /fallbacks/.test(reading.message))
})

test('O10: a form of fallbacks that the API does not know is refused: its models would go unpriced', () => {
  for (const fallbacks of [
    ['claude-opus-4-1'],
    'claude-opus-4-1',
    { model: 'claude-opus-4-1' },
    [{ Model: 'claude-opus-4-1' }],
    [{ model: ['claude-opus-4-1'] }],
    [[{ model: 'claude-opus-4-1' }]],
    7,
  ]) {
    const reading = readRequest(encode(JSON.stringify({ ...simple, fallbacks })))
    assert.ok(reading.kind === 'problem' && /fallbacks/.test(reading.message))
  }
  assert.deepEqual(readOk({ fallbacks: null }).otherModels, [])
  assert.deepEqual(readOk({ fallbacks: [] }).otherModels, [])
})

test('O10: a field that another reader could take for a priced one is refused', () => {
  const twins: readonly object[] = [
    { Model: 'claude-opus-4-1' },
    { MAX_TOKENS: 100_000 },
    { Fallbacks: [{ model: 'claude-opus-4-1' }] },
    { toolſ: [] },
    { ſtream: true },
    { ſpeed: 'fast' },
    { tools: [{ type: 'advisor_20260301', name: 'advisor', MODEL: 'claude-opus-4-1' }] },
    { fallbacks: [{ model: 'claude-a', Max_Tokens: 9000 }] },
  ]
  for (const twin of twins) {
    const reading = readRequest(encode(JSON.stringify({ ...simple, ...twin })))
    assert.ok(reading.kind === 'problem' && /not permitted/.test(reading.message))
  }
  readOk({ 'X-Custom': 1, Mode: 1, tools: [{ name: 'x', input_schema: { Model: 1 } }] })
})

test('what a fallback may write and how it is served counts for the request', () => {
  const reading = readOk({
    fallbacks: [
      { model: 'claude-opus-5-5', max_tokens: 900, speed: 'fast' },
      { model: 'claude-a' },
    ],
  })

  assert.equal(reading.maxTokens, 900)
  assert.deepEqual(reading.marks, ['speed:fast'])
  assert.equal(
    readOk({ fallbacks: [{ model: 'claude-a', max_tokens: 1e300 }] }).maxTokens,
    maxTokensMax,
  )
})

test('dearer ways of serving that the request asks for are named', () => {
  assert.deepEqual(readOk({ speed: 'fast', inference_geo: 'us' }).marks, [
    'speed:fast',
    'inference_geo:us',
  ])
  assert.deepEqual(readOk({ speed: 'standard', service_tier: 'auto' }).marks, [])
})

test('the expected input follows the bytes, and no text can be more tokens than its bytes', () => {
  const reading = readOk({ messages: [{ role: 'user', content: 'x'.repeat(10_000) }] })

  assert.ok(reading.inputTokensExpected > 3900 && reading.inputTokensExpected < 4200)
  assert.ok(reading.inputTokensMax >= 10_000 && reading.inputTokensMax < 13_000)
})

test('an image counts as an image and not as its bytes', () => {
  const data = 'A'.repeat(400_000)
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } }
  const direct = readOk({ messages: [{ role: 'user', content: [image] }] })
  const inResult = readOk({
    messages: [{ role: 'user', content: [{ type: 'tool_result', content: [image, image] }] }],
  })

  assert.ok(direct.inputTokensExpected < 2000 && direct.inputTokensMax < 12_000)
  assert.ok(inResult.inputTokensExpected > 3200 && inResult.inputTokensExpected < 4000)
})

test('text dressed up as an image where the API sees only text is counted as text', () => {
  const data = 'word '.repeat(80_000)
  const disguise = { type: 'image', source: { type: 'base64', media_type: 'image/png', data } }
  const block = { type: 'tool_use', id: 't', name: 'n', input: disguise }
  const reading = readOk({
    messages: [{ role: 'assistant', content: [block] }],
    tools: [{ name: 'n', input_schema: { default: disguise } }],
  })

  assert.ok(reading.inputTokensExpected > 300_000)
  assert.ok(reading.inputTokensMax >= 800_000)
})

test('what the body does not hold makes the upper bound a whole context', () => {
  const url = { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } }
  const pdf = {
    type: 'document',
    source: { type: 'base64', media_type: 'application/pdf', data: 'A' },
  }
  const unseen: readonly object[] = [
    { messages: [{ role: 'user', content: [url] }] },
    { messages: [{ role: 'user', content: [pdf] }] },
    { tools: [{ type: 'web_search_20260318', name: 'web_search' }] },
    { tools: [{ type: 'some_server_tool_2031', name: 'x' }] },
    { thread: { type: 'continue', previous_message_id: 'msg_1' } },
    { mcp_servers: [{ type: 'url', url: 'https://example.com' }] },
    { context_management: { edits: [{ type: 'compact_20260112' }] } },
  ]
  for (const fields of unseen) {
    assert.ok(readOk(fields).inputTokensMax > contextTokensMax, JSON.stringify(fields))
  }
  const own = readOk({ tools: [{ name: 'a' }, { type: 'bash_20250124', name: 'bash' }] })
  assert.ok(own.inputTokensMax < 4000)
})
