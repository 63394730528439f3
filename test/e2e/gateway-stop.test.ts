import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../contract/manual-clock.ts'
import { event, messageEvents, piece, streamEnd, streamHead } from './scripted-upstream.ts'
import { askBody, errorOf, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import { parseReply } from './raw-http.ts'

const events = messageEvents(['one', 'two'], { input_tokens: 1000, output_tokens: 500 })
const stream = { body: askBody({ stream: true }) }
const hourMs = 3_600_000

async function lastEnd(world: ScriptedWorld): Promise<unknown> {
  const body = (await world.entries()).at(-1)?.body
  return body?.kind === 'settled' ? [body.kind, body.isEstimate, body.usage.input] : body?.kind
}

test('a stream that outlives its hold is cut with an error event, and settled before the hold expires', async () => {
  const clock = new ManualClock()
  await using world = await openScriptedWorld(
    (call) => {
      call.send(streamHead)
      for (const text of events.slice(0, 3)) call.send(piece(text))
    },
    { clock, holdMaxMs: hourMs },
  )
  const connection = await world.begin(stream)
  await connection.until('"one"')

  clock.pass(hourMs - 3000)
  assert.equal((await world.figures()).runningCount, 1)
  clock.pass(2000)

  const [line] = await world.finished(1)
  const reply = await connection.until(/event: error\n.*\n\n\r\n0\r\n\r\n$/)
  await world.upstream.calls[0]?.closed
  connection.leave()
  assert.equal(line?.['outcome'], 'hold_expired')
  assert.match(reply, /"type":"timeout_error"/)
  assert.deepEqual(await lastEnd(world), ['settled', true, 1000])
  assert.equal((await world.figures()).runningCount, 0)
})

test('a stream that is cut in the middle of an event breaks off, and forges nothing', async () => {
  const clock = new ManualClock()
  await using world = await openScriptedWorld(
    (call) => {
      call.send(streamHead)
      call.send(piece(events.slice(0, 3).join('').slice(0, -10)))
    },
    { clock, holdMaxMs: hourMs },
  )
  const connection = await world.begin(stream)
  await connection.until('"text_delta","te')

  clock.pass(hourMs - 1000)

  const received = await connection.toEnd()
  await world.finished(1)
  assert.doesNotMatch(received.toString(), /event: error|0\r\n\r\n$/)
  assert.deepEqual(await lastEnd(world), ['settled', true, 1000])
})

test('a stream whose length was announced is cut without a word of ours, which would stand for its rest', async () => {
  const clock = new ManualClock()
  const length = Buffer.byteLength(events.join(''))
  const passed = events.slice(0, 3).join('')
  await using world = await openScriptedWorld(
    (call) => {
      const type = 'content-type: text/event-stream'
      call.send(`HTTP/1.1 200 OK\r\n${type}\r\ncontent-length: ${length}\r\n\r\n${passed}`)
    },
    { clock, holdMaxMs: hourMs },
  )
  const connection = await world.begin(stream)
  await connection.until('"one"')

  clock.pass(hourMs - 1000)

  const received = await connection.toEnd()
  await world.finished(1)
  assert.ok(received.toString().endsWith(`\r\n\r\n${passed}`))
  assert.deepEqual(await lastEnd(world), ['settled', true, 1000])
})

test('an upstream that is silent until the hold expires is a 504, and nothing is charged', async () => {
  const clock = new ManualClock()
  await using world = await openScriptedWorld(() => {}, { clock, holdMaxMs: hourMs })
  const reply = world.post()
  while (world.upstream.calls.length === 0) await new Promise(setImmediate)

  clock.pass(hourMs - 1000)

  const received = await reply
  assert.equal(received.status, 504)
  assert.equal(errorOf(received).error.details.error_code, 'took_too_long')
  await world.finished(1)
  assert.equal(await lastEnd(world), 'voided')
})

test('L9: draining lets running replies finish and takes no new requests', async () => {
  const rest = Promise.withResolvers<void>()
  await using world = await openScriptedWorld(async (call) => {
    call.send(streamHead)
    call.send(piece(events.slice(0, 3).join('')))
    await rest.promise
    call.send(piece(events.slice(3).join('')))
    call.send(streamEnd)
  })
  const connection = await world.begin(stream)
  await connection.until('"one"')

  const drained = world.gateway.drain(60_000)
  await assert.rejects(world.post(), /ECONNREFUSED/)
  rest.resolve()

  const received = parseReply(await connection.toEnd())
  await drained
  assert.equal(received.body.toString(), events.join(''))
  assert.deepEqual(await lastEnd(world), ['settled', false, 1000])
})

test('L9: what still runs when draining is over is cut with a clear reason and settled', async () => {
  const clock = new ManualClock()
  await using world = await openScriptedWorld(
    (call) => {
      call.send(streamHead)
      call.send(piece(events.slice(0, 3).join('')))
    },
    { clock },
  )
  const connection = await world.begin(stream)
  await connection.until('"one"')

  const drained = world.gateway.drain(10_000)
  clock.pass(10_000)

  const received = await connection.toEnd()
  await drained
  assert.match(received.toString(), /event: error\ndata: .*restarting.*\n\n\r\n0\r\n\r\n$/)
  assert.deepEqual(await lastEnd(world), ['settled', true, 1000])
})

test('a request on a kept connection while draining is told that the gateway restarts', async () => {
  const rest = Promise.withResolvers<void>()
  await using world = await openScriptedWorld(async (call) => {
    await rest.promise
    call.send(streamHead)
    call.send(piece(event({ type: 'ping' })))
    call.send(streamEnd)
  })
  const connection = await world.begin(stream)
  while (world.upstream.calls.length === 0) await new Promise(setImmediate)
  const drained = world.gateway.drain(60_000)
  connection.write('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n')
  rest.resolve()

  const received = await connection.toEnd()
  await drained

  assert.match(received.toString('latin1'), /HTTP\/1\.1 503 /)
})
