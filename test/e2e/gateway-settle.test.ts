import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from '../../src/core/entry.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import { costOf, type Usage } from '../../src/core/usage.ts'
import {
  event,
  jsonReply,
  message,
  messageDelta,
  messageEvents,
  messageStart,
  piece,
  reply,
  streamEnd,
  streamHead,
  textDelta,
  type Answer,
  type UpstreamCall,
} from './scripted-upstream.ts'
import {
  askBody,
  openScriptedWorld,
  type PostRequest,
  type ScriptedWorld,
} from './scripted-world.ts'
import { sessionPlan, testPrices } from './world.ts'

const usage = { input_tokens: 1000, output_tokens: 500 }
const stream = { body: askBody({ stream: true }) }

type Settled = Extract<Entry['body'], { kind: 'settled' }>
type Voided = Extract<Entry['body'], { kind: 'voided' }>

async function endsOf(world: ScriptedWorld): Promise<readonly (Settled | Voided)[]> {
  const bodies = (await world.entries()).map((entry) => entry.body)
  return bodies.filter((body) => body.kind === 'settled' || body.kind === 'voided')
}

async function onlySettled(world: ScriptedWorld): Promise<Settled> {
  const ends = await endsOf(world)
  assert.equal(ends.length, 1, JSON.stringify(ends.map((end) => end.kind)))
  const [end] = ends
  assert.ok(end?.kind === 'settled')
  return end
}

async function assertNothingHeld(world: ScriptedWorld): Promise<void> {
  const figures = await world.figures()
  assert.equal(figures.runningCount, 0)
  assert.ok(figures.limits.every((limit) => limit.held === 0n))
  assert.equal(figures.extraUsage.heldNanos, 0n)
}

const priceOfSonnet = () => {
  const price = testPrices.priceOf({ model: 'claude-sonnet-4-5' }, Date.now())
  assert.ok(price)
  return price
}
const costOfSonnet = (used: Usage): bigint => costOf(priceOfSonnet(), used)

function sendAll(call: UpstreamCall, texts: readonly string[]): void {
  call.send(streamHead)
  for (const text of texts) call.send(piece(text))
}

test('a stream that ends with its report is settled by that report, to the token', async () => {
  const report = { ...usage, cache_read_input_tokens: 700, cache_creation_input_tokens: 30 }
  await using world = await openScriptedWorld((call) => {
    sendAll(call, messageEvents(['one', 'two'], report))
    call.send(streamEnd)
  })

  await world.post(stream)
  const [line] = await world.finished(1)

  const settled = await onlySettled(world)
  assert.deepEqual(settled.usage, {
    input: 1000,
    output: 500,
    cache_read: 700,
    cache_write_5m: 30,
  })
  assert.equal(settled.isEstimate, false)
  assert.equal(settled.upstreamRequestId, 'req_scripted')
  assert.equal(settled.costNanos, costOfSonnet(settled.usage))
  assert.equal(line?.['costNanos'], settled.costNanos.toString())
  assert.equal((await world.figures()).limits[0]?.used, settled.costNanos)
  await assertNothingHeld(world)
})

test('L3: an upstream that fails before the first byte costs nothing, and its hold is free', async () => {
  const failures: readonly Answer[] = [
    (call) => call.reset(),
    (call) => {
      call.send('HTTP/1.1 200 OK\r\ncontent-le')
      call.reset()
    },
    (call) =>
      call.send(jsonReply(500, { type: 'error', error: { type: 'api_error', message: '' } })),
    (call) => call.send(reply(529, '{"type":"error"}')),
    (call) => {
      call.send(streamHead)
      call.reset()
    },
    (call) => {
      const error = { type: 'overloaded_error', message: 'Overloaded' }
      sendAll(call, [event({ type: 'error', error })])
      call.send(streamEnd)
    },
  ]
  let answer: Answer = () => {}
  await using world = await openScriptedWorld((call) => answer(call))
  for (const [index, failure] of failures.entries()) {
    answer = failure

    await world.post(stream)
    await world.finished(index + 1)

    const ends = await endsOf(world)
    assert.deepEqual(
      ends.map((end) => end.kind),
      failures.slice(0, index + 1).map(() => 'voided'),
    )
  }
  await assertNothingHeld(world)
  assert.equal((await world.figures()).limits[0]?.used, 0n)
})

test('L3: a stream that breaks off is settled by what it reported and delivered, marked as an estimate', async () => {
  const text = 'word '.repeat(200)
  await using world = await openScriptedWorld((call) => {
    sendAll(call, messageEvents([text, text], usage).slice(0, 4))
    call.reset()
  })

  const received = await world.post(stream)
  await world.finished(1)

  assert.ok(received.body.includes(text))
  const settled = await onlySettled(world)
  assert.equal(settled.isEstimate, true)
  assert.equal(settled.usage.input, 1000)
  const output = settled.usage.output ?? 0
  assert.ok(output > 200 && output <= 1000, `${output} tokens for 2,000 bytes`)
  await assertNothingHeld(world)
})

test("what a broken stream is estimated at comes from its own customer's answers, whatever others get", async () => {
  const text = 'word '.repeat(200)
  let isWhole = true
  let asked = 0
  await using world = await openScriptedWorld((call) => {
    // Five bytes for each of the stranger's tokens, and thirty for each of one's own.
    const report = { ...usage, output_tokens: call.body.includes('strange') ? 400 : 67 }
    const events = messageEvents([text, text], report)
    sendAll(call, isWhole ? events : events.slice(0, 4))
    call.send(streamEnd)
  })
  const stranger = await world.addSeat('zoe', { customer: 'zeta' })
  const strange = { body: askBody({ stream: true, system: 'strange' }), seat: stranger }
  const ask = async (request: PostRequest): Promise<void> => {
    await world.post(request)
    asked += 1
    await world.finished(asked)
  }
  const estimate = async (): Promise<number> => {
    isWhole = false
    await ask(stream)
    isWhole = true
    const last = (await endsOf(world)).at(-1)
    assert.ok(last?.kind === 'settled' && last.isEstimate)
    return last.usage.output ?? 0
  }
  const declared = await estimate()

  for (let i = 0; i < 3; i += 1) await ask(strange)
  const besideStranger = await estimate()
  await ask(stream)
  const learned = await estimate()

  assert.equal(besideStranger, declared)
  assert.ok(learned < declared, `${learned} tokens after answers of its own, ${declared} before`)
})

test('L2: whenever the caller leaves, what was delivered is charged once, and the upstream hears of it', async () => {
  const text = 'word '.repeat(400)
  const events = messageEvents([text, text, text], usage)
  // How many events the upstream sends before the caller leaves.
  for (const count of [0, 1, 2, 3, 4, events.length - 1, events.length]) {
    let call: UpstreamCall | undefined
    await using world = await openScriptedWorld((received) => {
      call = received
      if (count > 0) sendAll(received, events.slice(0, count))
    })
    const connection = await world.begin(stream)
    if (count > 0) await connection.until(events[count - 1] ?? '')
    while (world.upstream.calls.length === 0) await new Promise(setImmediate)

    connection.leave()
    await world.finished(1)
    await call?.closed

    const [end, ...others] = await endsOf(world)
    assert.deepEqual(others, [])
    assert.ok(end)
    await assertNothingHeld(world)
    if (count === 0) {
      assert.equal(end.kind, 'voided')
      continue
    }
    assert.ok(end.kind === 'settled')
    const isWhole = count >= events.length - 1
    assert.equal(end.isEstimate, !isWhole)
    assert.equal(end.usage.input, 1000)
    const output = end.usage.output ?? 0
    const delivered = Math.max(0, Math.min(count, 5) - 2) * text.length
    if (isWhole) assert.equal(output, 500)
    else assert.ok(output <= Math.max(1, delivered) && output >= delivered / 10, `${output}`)
  }
})

test('L2: a caller that leaves in the middle of an event pays for the part that passed', async () => {
  await using world = await openScriptedWorld((call) => {
    const whole = messageEvents(['word '.repeat(400)], usage)
      .slice(0, 3)
      .join('')
    call.send(streamHead)
    call.send(piece(whole.slice(0, -30)))
  })
  const connection = await world.begin(stream)
  await connection.until('word word')

  connection.leave()
  await world.finished(1)

  const settled = await onlySettled(world)
  assert.equal(settled.isEstimate, true)
  assert.equal(settled.usage.input, 1000)
})

test('L2: a caller that leaves in the middle of a whole reply pays for what passed of it', async () => {
  const body = JSON.stringify(message('word '.repeat(800), usage))
  await using world = await openScriptedWorld((call) => {
    const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`
    call.send(`${head}\r\n\r\n${body.slice(0, 2000)}`)
  })
  const connection = await world.begin()
  await connection.until('word word')

  connection.leave()
  await world.finished(1)

  const settled = await onlySettled(world)
  assert.equal(settled.isEstimate, true)
  const output = settled.usage.output ?? 0
  assert.ok(output >= 200 && output <= 1000, `${output} tokens for 2,000 bytes`)
})

test('L2: an upstream that hangs is given up when the caller leaves', async () => {
  await using world = await openScriptedWorld(() => {})
  const connection = await world.begin(stream)
  while (world.upstream.calls.length === 0) await new Promise(setImmediate)
  assert.equal((await world.figures()).runningCount, 1)

  connection.leave()
  const [line] = await world.finished(1)
  await world.upstream.calls[0]?.closed

  assert.equal(line?.['outcome'], 'caller_left')
  const [end] = await endsOf(world)
  assert.equal(end?.kind, 'voided')
  await assertNothingHeld(world)
})

test('L3: an error event in mid-stream passes as it came, and what was reported before is settled', async () => {
  const error = event({ type: 'error', error: { type: 'api_error', message: 'Internal' } })
  await using world = await openScriptedWorld((call) => {
    sendAll(call, [...messageEvents(['part'], usage).slice(0, 3), error])
    call.send(streamEnd)
  })

  const received = await world.post(stream)
  await world.finished(1)

  assert.ok(received.body.toString().endsWith(error))
  const settled = await onlySettled(world)
  assert.equal(settled.isEstimate, true)
  assert.equal(settled.usage.input, 1000)
  await assertNothingHeld(world)
})

test('a stream that ends cleanly but without its last report is not taken for complete', async () => {
  await using world = await openScriptedWorld((call) => {
    sendAll(call, messageEvents(['part'], usage).slice(0, -2))
    call.send(streamEnd)
  })

  await world.post(stream)
  const [line] = await world.finished(1)

  assert.equal(line?.['outcome'], 'incomplete')
  assert.equal((await onlySettled(world)).isEstimate, true)
})

test('O8: a reply without usage, or with usage that cannot be, is settled by an estimate and flagged', async () => {
  const { usage: _left, ...silent } = message('word '.repeat(100), usage)
  const replies: readonly object[] = [
    silent,
    message('word '.repeat(100), { input_tokens: -5, output_tokens: 7 }),
    message('word '.repeat(100), { input_tokens: 10, output_tokens: 2 ** 63 }),
    message('word '.repeat(100), { input_tokens: 1.5, output_tokens: 7 }),
  ]
  for (const value of replies) {
    await using world = await openScriptedWorld((call) => call.send(jsonReply(200, value)))

    await world.post()
    await world.finished(1)

    const settled = await onlySettled(world)
    assert.equal(settled.isEstimate, true)
    const output = settled.usage.output ?? 0
    assert.ok(output >= 50 && output <= 1000, `${output}`)
    assert.ok((settled.usage.input ?? 0) > 0)
    await assertNothingHeld(world)
  }
})

test('L10: a broken stream that the client repeats without streaming is two answers, each charged once', async () => {
  const second = { input_tokens: 1000, output_tokens: 40 }
  await using world = await openScriptedWorld((call) => {
    if (world.upstream.calls.length > 1) call.send(jsonReply(200, message('all', second)))
    else {
      const error = event({ type: 'error', error: { type: 'api_error', message: 'Internal' } })
      sendAll(call, [...messageEvents(['part'], usage).slice(0, 3), error])
      call.send(streamEnd)
    }
  })

  await world.post(stream)
  await world.post()
  await world.finished(2)

  const ends = await endsOf(world)
  assert.deepEqual(
    ends.map((end) => end.kind === 'settled' && [end.isEstimate, end.usage.input]),
    [
      [true, 1000],
      [false, 1000],
    ],
  )
  const total = ends.reduce((sum, end) => sum + (end.kind === 'settled' ? end.costNanos : 0n), 0n)
  assert.equal((await world.figures()).limits[0]?.used, total)
})

test('O6: a cost above the hold is paid: by the plan whole, by the wallet up to its limits, then by the operator', async () => {
  const report = { input_tokens: 1000, output_tokens: 60_000 }
  await using world = await openScriptedWorld(
    (call) => call.send(jsonReply(200, message('long', report))),
    { plan: sessionPlan(nanosPerUnit / 100n) },
  )
  await world.turnOnExtraUsage(nanosPerUnit / 10n)
  const cost = costOfSonnet({ input: 1000, output: 60_000 })

  await world.post({ body: askBody({ max_tokens: 64_000 }) })
  await world.finished(1)
  // Another size of request, so that nothing was learned yet of how long its answers get.
  await world.post({ body: askBody({ max_tokens: 128_000 }) })
  await world.finished(2)

  const [first, second] = await endsOf(world)
  assert.ok(first?.kind === 'settled' && second?.kind === 'settled')
  assert.deepEqual([first.source, first.chargedNanos, first.costNanos], ['plan', 0n, cost])
  assert.equal(second.source, 'extra_usage')
  assert.equal(second.chargedNanos, nanosPerUnit / 10n)
  assert.equal(second.chargedNanos + second.overrunNanos, cost)
  const figures = await world.figures()
  assert.equal(figures.limits[0]?.used, cost)
  assert.equal(figures.extraUsage.balanceNanos, 0n)
  await assertNothingHeld(world)
})

test('a hold grows while its stream runs, so that others see what is being used', async () => {
  const flood = Array.from({ length: 60 }, () => event(textDelta('word '.repeat(400))))
  const rest = Promise.withResolvers<void>()
  await using world = await openScriptedWorld(async (call) => {
    sendAll(call, [event(messageStart({ input_tokens: 1000, output_tokens: 1 })), ...flood])
    await rest.promise
    call.send(piece(event(messageDelta({ output_tokens: 30_000 }))))
    call.send(piece(event({ type: 'message_stop' })))
    call.send(streamEnd)
  })
  const connection = await world.begin({ body: askBody({ stream: true, max_tokens: 64_000 }) })

  let held = 0n
  while (held < costOfSonnet({ input: 1000, output: 10_000 })) {
    await new Promise(setImmediate)
    held = (await world.figures()).limits[0]?.held ?? 0n
  }
  rest.resolve()
  await world.finished(1)
  connection.leave()

  const grown = (await world.entries()).filter((entry) => entry.body.kind === 'hold_grown')
  assert.ok(grown.length >= 1 && grown.length <= 10, `${grown.length} times`)
  const figures = await world.figures()
  assert.equal(figures.limits[0]?.used, costOfSonnet({ input: 1000, output: 30_000 }))
  await assertNothingHeld(world)
})
