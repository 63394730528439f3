import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitId } from '../../src/core/ids.ts'
import { limitBinding } from '../../src/operations/waiting-line.ts'
import { ManualClock } from '../contract/manual-clock.ts'
import { openRaw, requestBytes, type RawConnection } from './raw-http.ts'
import {
  answering,
  messageEvents,
  piece,
  streamEnd,
  streamHead,
  type UpstreamCall,
} from './scripted-upstream.ts'
import { askBody, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import { sessionPlan } from './world.ts'

/** Every moment at which a caller can hang up, in both ways in which TCP does: what it costs, and what is left. */
const ways = ['FIN', 'RST'] as const
type Way = (typeof ways)[number]

function hangUp({ socket }: RawConnection, way: Way): void {
  if (way === 'RST') socket.resetAndDestroy()
  else socket.destroy()
}

const usage = { input_tokens: 1000, output_tokens: 800 }
const events = messageEvents(Array<string>(3).fill('word '.repeat(100)), usage)
const hi = answering('hi', usage)

const bytesOf = (world: ScriptedWorld, fields = {}): Buffer =>
  requestBytes({
    path: '/v1/messages',
    headers: Object.entries(world.seat.headers),
    body: askBody({ stream: true, ...fields }),
  })

/** Nothing is left of it: no hold, no body in memory, no connection. */
async function assertNothingLeft(world: ScriptedWorld): Promise<void> {
  const figures = await world.figures()
  assert.equal(figures.runningCount, 0)
  assert.ok(figures.limits.every((limit) => limit.held === 0n))
  while (world.gateway.pressure().connections.open > 0) await new Promise(setImmediate)
  assert.equal(world.gateway.pressure().bodyRoom.takenBytes, 0)
}

const endsOf = async (world: ScriptedWorld) =>
  (await world.entries())
    .map(({ body }) => body)
    .filter(({ kind }) => kind === 'settled' || kind === 'voided' || kind === 'expired')

test('a caller that hangs up before its request is whole holds nothing, and nothing is sent on', async () => {
  for (const way of ways) {
    await using world = await openScriptedWorld(hi)
    const whole = bytesOf(world)
    const headEnd = whole.indexOf('\r\n\r\n') + 4
    for (const length of [1, 20, headEnd - 2, headEnd, headEnd + 1, whole.length - 1]) {
      const connection = await openRaw(world.url)
      await new Promise<unknown>((resolve) =>
        connection.socket.write(whole.subarray(0, length), resolve),
      )
      hangUp(connection, way)
    }

    await assertNothingLeft(world)
    assert.equal(world.upstream.calls.length, 0)
    assert.equal((await endsOf(world)).length, 0)
    assert.equal((await world.post()).status, 200)
  }
})

test('a caller that hangs up while it waits for room leaves the line, and the next one in it is served', async () => {
  for (const way of ways) {
    const held: UpstreamCall[] = []
    // Room for one request at a time.
    await using world = await openScriptedWorld((call) => void held.push(call), {
      plan: sessionPlan(1_000_000n),
      waitMaxMs: 60_000,
    })
    const first = await world.begin()
    while (held.length < 1) await new Promise(setImmediate)
    const waiting = await world.begin()
    const session = [limitBinding(world.seat, limitId('session'))]
    while (!world.parts.line.isTaken(session)) await new Promise(setImmediate)

    hangUp(waiting, way)
    const [line] = await world.finished(1)

    assert.equal(line?.['outcome'], 'caller_left')
    for (const call of held) await answering('hi', { input_tokens: 1, output_tokens: 1 })(call)
    await first.until('"type":"message"')
    first.leave()
    await world.finished(2)
    assert.equal(world.upstream.calls.length, 1)
    assert.deepEqual(
      (await endsOf(world)).map(({ kind }) => kind),
      ['settled'],
    )
    await assertNothingLeft(world)
  }
})

/** How far the upstream's answer had come when the caller left, and what it then costs. */
async function costWhenLeft(sent: readonly string[], seen: string, way: Way): Promise<bigint> {
  let call: UpstreamCall | undefined
  await using world = await openScriptedWorld((received) => {
    call = received
    for (const bytes of sent) received.send(bytes)
  })
  const connection = await openRaw(world.url)
  connection.write(bytesOf(world))
  while (world.upstream.calls.length === 0) await new Promise(setImmediate)
  if (seen !== '') await connection.until(seen)

  hangUp(connection, way)
  await world.finished(1)
  if (!sent.includes(streamEnd)) await call?.closed

  const ends = await endsOf(world)
  assert.equal(ends.length, 1, `${sent.length} pieces, ${way}`)
  await assertNothingLeft(world)
  const [end] = ends
  return end?.kind === 'settled' ? end.costNanos : 0n
}

test('L2: whenever a caller hangs up and however, it pays once, for what passed, and never more than for all', async () => {
  const pieces = events.map((one) => piece(one).toString('latin1'))
  const moments: readonly (readonly [readonly string[], string])[] = [
    [[], ''],
    [[streamHead], 'text/event-stream'],
    ...events.map((seen, index): readonly [readonly string[], string] => [
      [streamHead, ...pieces.slice(0, index + 1)],
      seen,
    ]),
    [[streamHead, ...pieces, streamEnd], '\r\n0\r\n\r\n'],
  ]
  const costs: bigint[] = []
  for (const [sent, seen] of moments) {
    const [byFin, byReset] = [
      await costWhenLeft(sent, seen, 'FIN'),
      await costWhenLeft(sent, seen, 'RST'),
    ]
    assert.equal(byFin, byReset, `${sent.length} pieces`)
    costs.push(byFin)
  }

  const whole = costs.at(-1) ?? 0n
  // Sonnet: 3 dollars for a million tokens of input, 15 for output.
  assert.equal(whole, 1000n * 3000n + 800n * 15_000n)
  assert.equal(costs[0], 0n)
  assert.equal(costs[1], 0n)
  for (const [index, cost] of costs.entries()) {
    assert.ok(cost <= whole, `moment ${index}: ${cost}`)
    assert.ok(
      cost >= (costs[index - 1] ?? 0n),
      `moment ${index}: ${cost} after ${costs[index - 1]}`,
    )
  }
})

test('requests written at once on one connection are answered in their order, each decided and charged once', async () => {
  const calls: UpstreamCall[] = []
  await using world = await openScriptedWorld((call) => void calls.push(call))
  const connection = await openRaw(world.url)
  const unknown = requestBytes({ method: 'GET', path: '/v1/files' })
  connection.write(Buffer.concat([bytesOf(world), bytesOf(world, { stream: false }), unknown]))
  while (calls.length < 2) await new Promise(setImmediate)
  const [streaming, whole] = calls[0]?.body.includes('"stream":true') ? calls : calls.toReversed()

  // The second answer is there first, and has to wait for the first.
  if (whole !== undefined) await hi(whole)
  streaming?.send(streamHead)
  for (const one of events) streaming?.send(piece(one))
  await connection.until('message_stop')
  streaming?.send(streamEnd)
  const text = await connection.until(/not_found_error/)

  assert.match(text, /event-stream[^]*message_stop[^]*HTTP\/1\.1 200[^]*"hi"[^]*HTTP\/1\.1 404/)
  await world.finished(3)
  assert.deepEqual(
    (await endsOf(world)).map(({ kind }) => kind),
    ['settled', 'settled'],
  )
  connection.leave()
  await assertNothingLeft(world)
})

test('requests of one connection are all decided before any is sent on, and a burst of them is slowed down', async () => {
  await using world = await openScriptedWorld(hi, {
    settings: { burst: { perMinute: 60, size: 5 } },
    clock: new ManualClock(),
  })
  const connection = await openRaw(world.url)
  const one = bytesOf(world, { stream: false })

  connection.write(Buffer.concat(Array<Buffer>(20).fill(one)))
  await world.finished(20)

  assert.equal(world.upstream.calls.length, 5)
  connection.leave()
  await assertNothingLeft(world)
})
