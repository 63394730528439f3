import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { ManualClock } from '../contract/manual-clock.ts'
import { passTime } from './pass-time.ts'
import {
  event,
  message,
  messageEvents,
  messageStart,
  piece,
  reply,
  streamEnd,
  streamHead,
  textDelta,
  type Answer,
} from './scripted-upstream.ts'
import { askBody, openScriptedWorld } from './scripted-world.ts'
import { assertBounded, assertRow, createToldReader, type Row } from './upstream-matrix.ts'

const usage = { input_tokens: 1000, output_tokens: 500 }
const exact = { input: 1000, output: 500 }
const stream = { body: askBody({ stream: true }) }
const sse = 'content-type: text/event-stream'
const json = 'content-type: application/json'
const events = messageEvents(['gr\u00fc\u00dfe \u{1f600} ', 'word '.repeat(30)], usage)
const whole = Buffer.from(events.join(''))
const ping = 'event: ping\ndata: {"type": "ping"}\n\n'
const passed = (body: string | Buffer) => ({ status: 200, body: Buffer.from(body) })
const turn = () => new Promise(setImmediate)

type Case = Row & { readonly answer: Answer }

const streamed =
  (...texts: readonly (string | Buffer)[]): Answer =>
  (call) => {
    call.send(streamHead)
    for (const text of texts) call.send(piece(text))
    call.send(streamEnd)
  }
const replying =
  (body: string | Buffer, ...headers: readonly string[]): Answer =>
  (call) =>
    void call.send(reply(200, body, headers))

const jsonText = JSON.stringify(message('word '.repeat(20), usage))
const odd = 'data: {"choices":[{"text":"hello"}]}\n\n'.repeat(5)
const fine = { charged: exact, outcome: 'finished' } as const
const unread = { charged: 'estimate', outcome: 'incomplete', told: 1 } as const

const encodings = {
  gzip: gzipSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
  deflate: deflateSync,
}
const encoded: readonly Case[] = Object.entries(encodings).flatMap(([name, encode]) => {
  const bytes = encode(whole)
  const half = bytes.subarray(0, bytes.length >> 1)
  const bomb = encode(Buffer.alloc(20_000_000, 'x'))
  return [
    ['unasked', bytes],
    ['unasked and cut', half],
    ['a bomb', bomb],
  ].map(([how, body]) => ({
    name: `${name} ${String(how)}`,
    gets: passed(body as Buffer),
    ...unread,
    answer: replying(body as Buffer, sse, `content-encoding: ${name}`),
  }))
})

const cases: readonly Case[] = [
  { name: 'a whole stream', gets: passed(whole), ...fine, answer: streamed(...events) },
  {
    name: 'a stream in single bytes',
    gets: passed(whole),
    ...fine,
    answer: streamed(...Array.from(whole, (_, at) => whole.subarray(at, at + 1))),
  },
  {
    name: 'a stream with carriage returns, comments, retries, ids and names that nobody knows',
    gets: passed(
      `: hello\nretry: 5\nid: 7\n\n${whole.toString().replaceAll('\n', '\r\n')}event: new\ndata: {"type":"new"}\n\n`,
    ),
    ...fine,
    answer: streamed(
      `: hello\nretry: 5\nid: 7\n\n${whole.toString().replaceAll('\n', '\r\n')}event: new\ndata: {"type":"new"}\n\n`,
    ),
  },
  {
    name: 'a stream labelled as JSON',
    gets: passed(whole),
    charged: 'estimate',
    outcome: 'incomplete',
    told: 1,
    answer: replying(whole, json),
  },
  {
    name: 'JSON where a stream was asked for',
    gets: passed(jsonText),
    ...fine,
    answer: replying(jsonText, json),
  },
  {
    name: 'JSON labelled as a stream',
    gets: passed(jsonText),
    ...unread,
    answer: replying(jsonText, sse),
  },
  { name: 'a stream of another API', gets: passed(odd), ...unread, answer: streamed(odd) },
  {
    name: 'pings alone',
    gets: passed(ping.repeat(3)),
    charged: 'nothing',
    outcome: 'incomplete',
    answer: streamed(ping, ping, ping),
  },
  {
    name: 'a stream without an event',
    gets: passed(''),
    charged: 'nothing',
    outcome: 'incomplete',
    answer: streamed(),
  },
  {
    name: 'events in the wrong order',
    gets: passed([...events].reverse().join('')),
    ...fine,
    answer: streamed(...[...events].reverse()),
  },
  {
    name: 'the end twice, and text behind it',
    gets: passed(`${whole.toString()}${events.at(-1)}${event(textDelta('more'))}`),
    ...fine,
    answer: streamed(whole, events.at(-1) ?? '', event(textDelta('more'))),
  },
  ...encoded,
]

test('whatever a good reply carries passes byte for byte, and is charged by its report or a bounded estimate', async () => {
  let answer: Answer = () => {}
  await using world = await openScriptedWorld((call) => answer(call))
  const told = createToldReader(world)
  for (const [index, row] of cases.entries()) {
    answer = row.answer

    const received = await world.post(stream)
    const line = (await world.finished(index + 1)).at(-1)

    assert.ok(line)
    await assertRow(world, row, { received, line, told: told(), count: index + 1 })
  }
})

test('L3: a stream that is cut at any place passes up to there, ends its hold once and is charged within bounds', async () => {
  const reportAt = events.slice(0, -1).join('').length + Buffer.byteLength('\u00fc\u00df') - 2
  let answer: Answer = () => {}
  await using world = await openScriptedWorld((call) => answer(call))
  const boundaries = events.map((_, count) => Buffer.byteLength(events.slice(0, count).join('')))
  const smile = whole.indexOf('\u{1f600}')
  const cuts = new Set([...boundaries, smile + 1, smile + 2, smile + 3, whole.length - 1])
  for (let cut = 3; cut < whole.length; cut += 29) cuts.add(cut)
  let count = 0
  for (const cut of cuts) {
    count += 1
    answer = (call) => {
      call.send(streamHead)
      if (cut > 0) call.send(piece(whole.subarray(0, cut)))
      call.finish()
    }

    const received = await world.post(stream)
    const line = (await world.finished(count)).at(-1)

    assert.ok(received.body.equals(whole.subarray(0, cut)), `${cut}`)
    assert.equal(line?.['outcome'], 'upstream_failed')
    const [end] = (await world.entries()).map((entry) => entry.body).slice(-1)
    if (end?.kind === 'settled') {
      assertBounded(end.usage, `${cut}`)
      if (!end.isEstimate) assert.ok(cut > reportAt - 20, `${cut}`)
      if (end.isEstimate && cut >= (boundaries[1] ?? 0)) assert.equal(end.usage.input, 1000)
    } else assert.ok(end?.kind === 'voided' && cut === 0, `${cut}: ${end?.kind}`)
    assert.equal((await world.figures()).runningCount, 0)
  }
  const ended = (await world.entries()).filter((entry) => /settled|voided/.test(entry.body.kind))
  assert.equal(ended.length, cuts.size)
})

test('a chunk of no size in mid-stream breaks the reply off, and what passed is charged', async () => {
  for (const bad of [
    'zz\r\nword\r\n',
    '-5\r\nword\r\n',
    'ffffffffffffffffff\r\nword',
    '4\r\nwords\r\n',
  ]) {
    await using world = await openScriptedWorld((call) => {
      call.send(streamHead)
      call.send(piece(events.slice(0, 4).join('')))
      call.send(bad)
    })
    const connection = await world.begin(stream)

    const text = (await connection.toEnd()).toString()
    const [line] = await world.finished(1)

    assert.ok(text.includes('word word'))
    assert.ok(!text.endsWith(streamEnd))
    assert.deepEqual([line?.['outcome'], line?.['isEstimate']], ['upstream_failed', true])
  }
})

test('an upstream that hangs before its head, or falls silent within a reply, is given up in time', async () => {
  const settings = { upstreamHeadersTimeoutMs: 10_000, upstreamSilenceMaxMs: 10_000 }
  const clock = new ManualClock()
  await using world = await openScriptedWorld(() => {}, { settings, clock })
  using passing = passTime(clock)
  const hung = await world.post(stream)
  world.upstream.answer = (call) => {
    call.send(streamHead)
    call.send(piece(events.slice(0, 3).join('')))
  }

  const connection = await world.begin(stream)
  const text = (await connection.toEnd()).toString()
  const lines = await world.finished(2)

  assert.equal(hung.status, 502)
  assert.ok(text.includes('gr\u00fc'.slice(0, 2)) && !text.endsWith(streamEnd))
  assert.deepEqual(
    lines.map((line) => line['hold']),
    ['voided', 'settled'],
  )
  for (const call of world.upstream.calls) await call.closed
  passing.end()
})

test('pings without end keep nobody for ever: the caller leaves, and the input is charged', async () => {
  let isGone = false
  await using world = await openScriptedWorld(async (call) => {
    call.send(streamHead)
    call.send(piece(event(messageStart({ input_tokens: 1000, output_tokens: 1 }))))
    while (!isGone) {
      if (!call.send(piece(ping))) await call.drained()
      await turn()
    }
  })
  const connection = await world.begin(stream)
  await connection.until('ping')

  connection.leave()
  const [line] = await world.finished(1)
  await world.upstream.calls[0]?.closed
  isGone = true

  assert.deepEqual([line?.['usage_input'], line?.['isEstimate']], [1000, true])
})

/** What is left after it has run is what somebody keeps. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  return () => {
    collect()
    // The second one waits until what the first one found is free.
    collect()
  }
}

test('one line of 100 MB passes whole through a bounded memory', async () => {
  const block = Buffer.alloc(1_000_000, 'x')
  const blocks = 100
  await using world = await openScriptedWorld(async (call) => {
    call.send(streamHead)
    call.send(piece(event(messageStart({ input_tokens: 1000, output_tokens: 1 }))))
    call.send(
      piece(
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"',
      ),
    )
    for (let sent = 0; sent < blocks; sent++) {
      if (!call.send(piece(block))) await call.drained()
    }
    call.send(piece('"}}\n\n'))
    call.send(streamEnd)
  })
  const connection = await world.begin(stream)
  const collectGarbage = garbageCollector()
  let received = 0
  // The least of several looks: what is being freed at one moment is kept by nobody.
  let keptBytes = Infinity
  let nextLook = 50_000_000
  const ended = new Promise<void>((resolve) => {
    connection.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
      received += chunk.length
      if (received > nextLook && received < 90_000_000) {
        nextLook += 8_000_000
        collectGarbage()
        keptBytes = Math.min(keptBytes, process.memoryUsage().arrayBuffers)
      }
      if (chunk.subarray(-5).toString() === streamEnd) resolve()
    })
  })

  await ended
  const [line] = await world.finished(1)
  connection.leave()

  assert.ok(received > blocks * block.length)
  assert.ok(keptBytes < 30_000_000, `${keptBytes} bytes`)
  assert.deepEqual([line?.['usage_output'], line?.['isEstimate']], [1000, true])
})
