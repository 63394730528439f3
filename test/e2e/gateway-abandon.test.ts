import assert from 'node:assert/strict'
import { test } from 'node:test'
import { costOf } from '../../src/core/usage.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { answering, event, messageStart, piece, streamHead } from './scripted-upstream.ts'
import { askBody, errorOf, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import { testPrices } from './world.ts'

const stream = { body: askBody({ stream: true }) }
const hi = answering('hi', { input_tokens: 10, output_tokens: 5 })

async function abandon(world: ScriptedWorld, count: number): Promise<void> {
  const before = world.upstream.calls.length
  const connection = await world.begin(stream)
  while (world.upstream.calls.length === before) await new Promise(setImmediate)
  connection.leave()
  await world.finished(count)
}

test('L2: a caller that leaves before the upstream said anything is charged nothing, and the operator sees what it may have cost', async () => {
  await using world = await openScriptedWorld(() => {})

  await abandon(world, 1)

  const [line] = await world.finished(1)
  const held = (await world.entries())
    .map((entry) => entry.body)
    .find((body) => body.kind === 'held')
  const price = testPrices.priceOf({ model: 'claude-sonnet-4-5' }, Date.now())
  assert.ok(held?.kind === 'held' && price)
  const expected = costOf(price, { input: held.facts.inputTokensExpected })
  assert.ok(expected > 0n)
  assert.deepEqual([line?.['hold'], line?.['abandonedNanos']], ['voided', expected.toString()])
  const { abandonedCount, abandonedNanos } = world.gateway.upstreamHealth()
  assert.deepEqual([abandonedCount, abandonedNanos], [1, expected])
  assert.equal((await world.figures()).limits[0]?.used, 0n)
})

test('L2: from the first report on, leaving costs the input that it names', async () => {
  await using world = await openScriptedWorld((call) => {
    call.send(streamHead)
    call.send(piece(event(messageStart({ input_tokens: 4321, output_tokens: 1 }))))
  })
  const connection = await world.begin(stream)
  await connection.until('message_start')

  connection.leave()
  const [line] = await world.finished(1)

  assert.deepEqual([line?.['usage_input'], line?.['hold']], [4321, 'settled'])
  assert.equal(world.gateway.upstreamHealth().abandonedCount, 0)
})

test('a member that leaves again and again before any answer is slowed down, alone and for a moment, and never told "out"', async () => {
  const clock = new ManualClock()
  await using world = await openScriptedWorld(() => {}, { clock })
  const other = await world.addSeat('bob')
  for (let count = 1; count <= 60; count++) await abandon(world, count)
  world.upstream.answer = hi

  const slowed = await world.post()
  const neighbour = await world.post({ seat: other })
  clock.pass(4000)
  const later = await world.post()

  assert.equal(slowed.status, 429)
  assert.equal(errorOf(slowed).error.details.error_code, 'too_fast')
  assert.ok(Number(slowed.header('retry-after')) <= 4)
  assert.doesNotMatch(slowed.body.toString(), /out of|used up your/i)
  assert.deepEqual([neighbour.status, later.status], [200, 200])
})

test('a request that waits for a place at the upstream and is given up was never sent, and costs nobody anything', async () => {
  await using world = await openScriptedWorld(() => {}, { settings: { upstreamConnectionsMax: 1 } })
  const first = await world.begin(stream)
  while (world.upstream.calls.length === 0) await new Promise(setImmediate)
  const second = await world.begin(stream)
  while (world.gateway.upstreamHealth().connections.waiting === 0) await new Promise(setImmediate)

  second.leave()
  await world.finished(1)

  assert.equal(world.upstream.calls.length, 1)
  assert.deepEqual(world.gateway.upstreamHealth().connections, { running: 1, waiting: 0, max: 1 })
  assert.equal(world.gateway.upstreamHealth().abandonedCount, 0)
  first.leave()
  await world.finished(2)
  assert.equal(world.gateway.upstreamHealth().connections.running, 0)
})
