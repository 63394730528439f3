import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createStreamMeter, meterJson, type MeterReading } from './anthropic-usage.ts'
import { eventBytesMax } from './sse-events.ts'

const encode = (text: string): Buffer => Buffer.from(text)

type Style = {
  readonly lineEnd: string
  readonly isSpaced: boolean
  readonly isNamed: boolean
  readonly isAscii: boolean
}
const plain: Style = { lineEnd: '\n', isSpaced: false, isNamed: true, isAscii: false }

/** One event as an upstream may write it: other line ends, spaces in the JSON, no `event:` line. */
function event(fields: { type: string; [name: string]: unknown }, style = plain): string {
  const spaced = JSON.stringify(fields, null, style.isSpaced ? ' ' : undefined).replaceAll('\n', '')
  const json = style.isAscii ? spaced.replaceAll(/[^\0-~]/g, escaped) : spaced
  const lines = [...(style.isNamed ? [`event: ${fields.type}`] : []), `data: ${json}`, '', '']
  return lines.join(style.lineEnd)
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

const startUsage = {
  input_tokens: 120,
  cache_creation_input_tokens: 1000,
  cache_read_input_tokens: 5000,
  cache_creation: { ephemeral_5m_input_tokens: 400, ephemeral_1h_input_tokens: 600 },
  output_tokens: 1,
  service_tier: 'standard',
  speed: 'fast',
}
const endUsage = { output_tokens: 90, server_tool_use: { web_search_requests: 2 } }

type Delta = Readonly<Record<string, string>>
function stream(deltas: readonly Delta[], style = plain): string {
  const start = { id: 'msg_1', model: 'claude-opus-5-5', usage: startUsage }
  return [
    event({ type: 'message_start', message: start }, style),
    event({ type: 'ping' }, style),
    `: a comment${style.lineEnd}${style.lineEnd}`,
    event(
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      style,
    ),
    ...deltas.map((delta) => event({ type: 'content_block_delta', index: 0, delta }, style)),
    event({ type: 'content_block_stop', index: 0 }, style),
    event({ type: 'something_of_2031', usage: { input_tokens: 999_999 } }, style),
    event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: endUsage }, style),
    event({ type: 'message_stop' }, style),
  ].join('')
}

function meter(...chunks: readonly Uint8Array[]): MeterReading {
  const streamMeter = createStreamMeter()
  for (const chunk of chunks) {
    const copy = Uint8Array.from(chunk)
    streamMeter.push(copy)
    // A chunk belongs to its owner again, who may overwrite it.
    copy.fill(0x7b)
  }
  return streamMeter.reading()
}

const finalUsage = {
  input: 120,
  output: 90,
  cache_read: 5000,
  cache_write_5m: 400,
  cache_write_1h: 600,
  web_search: 2,
}

const mixed: readonly Delta[] = [
  { type: 'text_delta', text: 'Hello wörld € 😀 "quoted" \\ \n \u0001 \ud800 end' },
  { type: 'thinking_delta', thinking: 'hmm €' },
  { type: 'input_json_delta', partial_json: '{"a":"ü\\n' },
  { type: 'signature_delta', signature: 'c2ln' },
  { type: 'citations_delta', citation: 'x' },
  { type: 'delta_of_2031', text2: 'y' },
]

test('L7: the usage of a stream is its start completed by its end, by kind of token', () => {
  const reading = meter(encode(stream(mixed)))

  assert.deepEqual(reading.finalUsage, finalUsage)
  assert.deepEqual(reading.marks, ['service_tier:standard', 'speed:fast'])
  assert.equal(reading.model, 'claude-opus-5-5')
  assert.equal(reading.messageId, 'msg_1')
  assert.ok(reading.isComplete)
  assert.deepEqual(reading.faults, [])
  assert.equal(reading.delivered.textBytes, Buffer.byteLength(mixed[0]?.['text'] ?? ''))
  assert.equal(reading.delivered.thinkingBytes, 7)
  assert.equal(reading.delivered.toolBytes, 10)
})

test('every way to cut a stream in two gives the same reading', () => {
  for (const lineEnd of ['\n', '\r\n', '\r']) {
    const bytes = encode(stream(mixed, { ...plain, lineEnd }))
    const whole = meter(bytes)
    assert.deepEqual(whole.finalUsage, finalUsage)
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      assert.deepEqual(meter(bytes.subarray(0, cut), bytes.subarray(cut)), whole, `cut at ${cut}`)
    }
    assert.deepEqual(meter(...Array.from(bytes, (byte) => Uint8Array.of(byte))), whole)
  }
})

const anyStyle = fc.record({
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
  isSpaced: fc.boolean(),
  isNamed: fc.boolean(),
  isAscii: fc.boolean(),
})
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '\u007f\u0080\u07ff\u0800\ud800\udbff\udfff',
    '"message_stop"',
    '\n\ndata: {"type":"message_stop"}\n\n',
    '"}}',
    'content_block_start',
  ),
)
const anyDeltas = fc.array(
  fc.oneof(
    anyText.map((text) => ({ type: 'text_delta', text })),
    anyText.map((thinking) => ({ type: 'thinking_delta', thinking })),
    anyText.map((partial) => ({ type: 'input_json_delta', partial_json: partial })),
  ),
)

test('any stream, in any style, cut anywhere, is measured as its own JSON says', () => {
  const cuts = fc.array(fc.nat(5000))
  fc.assert(
    fc.property(anyDeltas, anyStyle, cuts, (deltas, style, places) => {
      const bytes = encode(stream(deltas, style))
      const ends = [...places.map((place) => place % (bytes.length + 1)), 0, bytes.length].toSorted(
        (left, right) => left - right,
      )
      const chunks = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end))
      const { delivered, ...reading } = meter(...chunks)

      assert.deepEqual(reading.finalUsage, finalUsage)
      const sum = (field: string): number =>
        deltas.reduce((total, delta) => total + byteLength(Reflect.get(delta, field)), 0)
      assert.equal(delivered.textBytes, sum('text'))
      assert.equal(delivered.thinkingBytes, sum('thinking'))
      assert.equal(delivered.toolBytes, sum('partial_json'))
    }),
  )
})

const byteLength = (value: unknown): number =>
  typeof value === 'string' ? Buffer.byteLength(value) : 0

test('the padding that the API adds to its events changes nothing', () => {
  const padded =
    'data: {"type":"content_block_delta","index":12,"delta":{"type":"text_delta","text":"four"}        }\n\n'

  assert.equal(meter(encode(padded)).delivered.textBytes, 4)
})

test('L2: a stream that breaks off reports what it has, and nothing final', () => {
  const text = stream(mixed)
  const reading = meter(encode(text.slice(0, text.indexOf('event: message_delta'))))

  assert.equal(reading.finalUsage, undefined)
  assert.ok(!reading.isComplete)
  assert.equal(reading.usage.input, 120)
  assert.equal(reading.usage.output, 1)
  assert.ok(reading.delivered.textBytes > 0)
})

test('no beginning of a stream is taken for a whole one, and none before its last report for a final one', () => {
  const text = stream(mixed)
  const bytes = encode(text)
  const stop = encode(text.slice(0, text.lastIndexOf('data:'))).length
  const reported = encode(text.slice(0, text.indexOf('event: message_stop'))).length
  for (let cut = 0; cut <= stop; cut += 1) {
    const reading = meter(bytes.subarray(0, cut))
    assert.equal(reading.isComplete, false)
    assert.deepEqual(reading.finalUsage, cut < reported ? undefined : finalUsage, `${cut}`)
  }
})

test('a stream whose connection ended cleanly right behind its last event is whole', () => {
  const bytes = encode(stream(mixed).trimEnd())
  const streamMeter = createStreamMeter()
  streamMeter.push(bytes)
  assert.equal(streamMeter.reading().isComplete, false)

  streamMeter.end()
  assert.equal(streamMeter.reading().isComplete, true)
  assert.deepEqual(streamMeter.reading().finalUsage, finalUsage)
})

test('a message_stop without a final report is no final report', () => {
  const start = event({ type: 'message_start', message: { usage: startUsage } })
  const reading = meter(encode(start + event({ type: 'message_stop' })))

  assert.ok(reading.isComplete)
  assert.equal(reading.finalUsage, undefined)
})

test('an error event is told by its type, with or without an event line', () => {
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
  const text = stream([]).replace(/event: message_stop[^]*$/, '')
  for (const isNamed of [true, false]) {
    const reading = meter(
      encode(text + event(error, { ...plain, isNamed }) + event({ type: 'message_stop' })),
    )
    assert.equal(reading.errorType, 'overloaded_error')
    assert.equal(reading.finalUsage, undefined)
  }
  assert.equal(meter(encode('event: error\ndata: no json\n\n')).errorType, 'unknown_error')
  assert.equal(
    meter(encode('event:error\r\ndata: {"error":{}}\r\n\r\n')).errorType,
    'unknown_error',
  )
})

test('O8: usage that cannot be is left out, told, and never final', () => {
  const impossible: readonly object[] = [
    { output_tokens: -5 },
    { output_tokens: 1.5 },
    { output_tokens: 1e15 },
    { output_tokens: '90' },
    { output_tokens: true },
    { output_tokens: 90, input_tokens: -1 },
    { output_tokens: 90, cache_read_input_tokens: [] },
    { output_tokens: 90, server_tool_use: { web_search_requests: -2 } },
    { output_tokens: 90, cache_creation_input_tokens: 7 },
    { output_tokens: 90, iterations: [{ type: 'compaction', input_tokens: -4 }] },
  ]
  for (const usage of impossible) {
    const text = stream([]).replace(JSON.stringify(endUsage), JSON.stringify(usage))
    const reading = meter(encode(text))
    assert.equal(reading.finalUsage, undefined, JSON.stringify(usage))
    assert.equal(reading.faults.length, 1, JSON.stringify(usage))
    for (const quantity of Object.values(reading.usage)) assert.ok(quantity >= 0)
  }
  assert.equal(meter(encode(event({ type: 'message_delta', usage: 7 }))).faults.length, 1)
})

test('O8: a last report that is below the one before is not believed, and the stream has no final one', () => {
  const ended = (tokens: number): string =>
    event({
      type: 'message_delta',
      delta: { stop_reason: 'end_turn' },
      usage: { output_tokens: tokens },
    })
  const text = stream([])
  const [before] = text.split('event: message_delta')
  const stop = event({ type: 'message_stop' })
  const down = meter(encode(before + ended(90) + ended(3) + stop))
  const up = meter(encode(before + ended(3) + ended(90) + stop))

  assert.deepEqual(down.faults, ['output_tokens went down'])
  assert.equal(down.finalUsage, undefined)
  assert.equal(down.usage.output, 90)
  assert.equal(up.finalUsage?.output, 90)
})

test('O8: whatever an upstream calls usage, no figure of ours is negative, broken or beyond the bound', () => {
  const number = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom(2 ** 53, -1, null, '5', {}, []),
  )
  const usage = fc.record(
    {
      input_tokens: number,
      output_tokens: number,
      cache_read_input_tokens: number,
      cache_creation_input_tokens: number,
      cache_creation: fc.record({
        ephemeral_5m_input_tokens: number,
        ephemeral_1h_input_tokens: number,
      }),
      server_tool_use: fc.oneof(number, fc.record({ web_search_requests: number })),
      iterations: fc.array(
        fc.record({ type: fc.constantFrom('compaction', 'message'), output_tokens: number }),
      ),
      speed: fc.oneof(fc.string(), number),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(usage, fc.jsonValue()), { maxLength: 4 }), (reports) => {
      const events = reports.map((report) => event({ type: 'message_delta', usage: report }))
      const reading = meter(encode(events.join('')))
      for (const quantity of Object.values(reading.usage)) {
        assert.ok(Number.isInteger(quantity) && quantity >= 0 && quantity < 2e9)
      }
      for (const mark of reading.marks) assert.match(mark, /^[a-z_]+:[a-z0-9_-]{1,32}$/)
    }),
  )
})

test('cache writes without a split are of the short kind, and a longer total adds to it', () => {
  const usageOf = (usage: object): object =>
    meterJson(
      encode(
        JSON.stringify({ type: 'message', usage: { input_tokens: 1, output_tokens: 1, ...usage } }),
      ),
    ).finalUsage ?? {}

  assert.deepEqual(usageOf({ cache_creation_input_tokens: 70 }), {
    input: 1,
    output: 1,
    cache_write_5m: 70,
  })
  const split = { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 40 }
  assert.deepEqual(usageOf({ cache_creation_input_tokens: 70, cache_creation: split }), {
    input: 1,
    output: 1,
    cache_write_5m: 30,
    cache_write_1h: 40,
  })
})

test('what a compaction or an advisor used stands apart in the report, and is counted', () => {
  const iterations = [
    { type: 'message', input_tokens: 999, output_tokens: 999 },
    { type: 'compaction', input_tokens: 500, output_tokens: 50 },
    { type: 'advisor_message', model: 'claude-fable-5-2', input_tokens: 10, output_tokens: 5 },
  ]
  const text = stream([]).replace(
    JSON.stringify(endUsage),
    JSON.stringify({ ...endUsage, iterations }),
  )

  assert.deepEqual(meter(encode(text)).finalUsage, { ...finalUsage, input: 630, output: 145 })
})

test('hidden thinking is timed while its block is open, also in a stream that breaks off', () => {
  const block = (index: number, type: string): Buffer =>
    encode(event({ type: 'content_block_start', index, content_block: { type } }))
  const streamMeter = createStreamMeter()
  streamMeter.push(block(0, 'thinking'), 1000)
  streamMeter.push(encode(event({ type: 'ping' })), 3500)
  assert.equal(streamMeter.reading().delivered.thinkingMs, 2500)

  streamMeter.push(encode(event({ type: 'content_block_stop', index: 0 })), 4000)
  streamMeter.push(block(1, 'text'), 5000)
  streamMeter.push(block(2, 'redacted_thinking'), 6000)
  streamMeter.push(block(3, 'tool_use'), 6500)
  streamMeter.push(encode(': later\n'), 9000)
  assert.equal(streamMeter.reading().delivered.thinkingMs, 3500)
})

test("the upstream's own running count of hidden thinking is added up, when it makes sense", () => {
  const hint = (tokens: unknown): string =>
    event({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'thinking_delta', thinking: '', estimated_tokens: tokens },
    })

  const text = hint(50) + hint(null) + hint(100) + hint(-7) + hint('9') + hint(1e300)
  assert.equal(meter(encode(text)).delivered.thinkingTokensHint, 150)
})

test('an event of ten megabytes is measured, but not kept', () => {
  const text = 'x'.repeat(10 * 1024 * 1024)
  const long = event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
  const bytes = encode(stream([]).replace('event: ping', () => `${long}event: ping`))
  const whole = meter(bytes)
  const pieces = Array.from({ length: Math.ceil(bytes.length / 60_001) }, (_, index) =>
    bytes.subarray(index * 60_001, (index + 1) * 60_001),
  )

  assert.deepEqual(whole.finalUsage, finalUsage)
  assert.ok(Math.abs(whole.delivered.textBytes - text.length) < 8)
  assert.deepEqual(meter(...pieces), whole)
})

test('a long event is measured the same wherever it is cut, around the bound and at its line end', () => {
  for (const lineEnd of ['\n', '\r\n']) {
    for (const extra of [-2, -1, 0, 1, 2]) {
      const head = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"'
      const size = eventBytesMax - 'data: '.length - head.length - 3 + extra
      const bytes = encode(`data: ${head}${'y'.repeat(size)}"}}${lineEnd}${lineEnd}`)
      const whole = meter(bytes).delivered
      const tail = bytes.length - lineEnd.length * 2
      for (const cut of [3, 90, eventBytesMax - 1, tail - 1, tail, tail + 1, tail + 2]) {
        assert.deepEqual(meter(bytes.subarray(0, cut), bytes.subarray(cut)).delivered, whole)
      }
      assert.ok(Math.abs(whole.textBytes - size) < 8)
    }
  }
})

test('usage in an event too large to be read is a fault, not a guess', () => {
  const filler = 'z'.repeat(eventBytesMax)
  const text = event({ type: 'message_delta', filler, usage: { output_tokens: 5 } })

  assert.equal(meter(encode(text)).faults.length, 1)
})

test('data on several lines is one text', () => {
  const text =
    'data: {"type":"message_delta",\ndata: "usage":{"input_tokens":4,"output_tokens":6}}\n\n'

  assert.deepEqual(meter(encode(text)).usage, { input: 4, output: 6 })
})

test('bytes that are no events at all make nothing of themselves', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (chunks) => {
      const reading = meter(...chunks)
      assert.equal(reading.finalUsage, undefined)
    }),
  )
})

test('a JSON reply is read whole: its usage, its words, or its error', () => {
  const content = [
    { type: 'text', text: 'four' },
    { type: 'thinking', thinking: 'hm' },
    { type: 'tool_use', input: { a: 1 } },
  ]
  const message = {
    type: 'message',
    id: 'msg_2',
    model: 'm',
    content,
    usage: { ...startUsage, ...endUsage },
  }
  const reading = meterJson(encode(JSON.stringify(message)))
  assert.deepEqual(reading.finalUsage, finalUsage)
  assert.deepEqual(
    [reading.delivered.textBytes, reading.delivered.thinkingBytes, reading.delivered.toolBytes],
    [4, 2, 7],
  )

  const error = { type: 'error', error: { type: 'api_error', message: 'x' } }
  assert.equal(meterJson(encode(JSON.stringify(error))).errorType, 'api_error')
  assert.equal(meterJson(encode('{"type":"message"}')).finalUsage, undefined)
  assert.ok(!meterJson(encode(JSON.stringify(message).slice(0, -1))).isComplete)
  assert.equal(meterJson(encode('[1]')).finalUsage, undefined)
})
