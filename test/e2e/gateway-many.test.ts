import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from '../../src/core/entry.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import { verify } from '../../src/operations/verify.ts'
import {
  event,
  headerOf,
  jsonReply,
  message,
  messageEvents,
  piece,
  streamEnd,
  streamHead,
  type Answer,
} from './scripted-upstream.ts'
import { askBody, openScriptedWorld } from './scripted-world.ts'
import { sessionPlan, type Seat } from './world.ts'

const usage = { input_tokens: 900, output_tokens: 700 }
const events = messageEvents(['word '.repeat(300), 'word '.repeat(300)], usage)
const failing = event({ type: 'error', error: { type: 'api_error', message: 'Internal' } })

/** What an upstream can do with a request: answer whole, break off, fail, never end. */
const behaviours: readonly Answer[] = [
  (call) => {
    call.send(streamHead)
    for (const text of events) call.send(piece(text))
    call.send(streamEnd)
  },
  (call) => call.send(jsonReply(200, message('word '.repeat(200), usage))),
  (call) => {
    call.send(streamHead)
    call.send(piece(events.slice(0, 4).join('').slice(0, -25)))
    call.reset()
  },
  (call) => {
    call.send(streamHead)
    for (const text of [...events.slice(0, 3), failing]) call.send(piece(text))
    call.send(streamEnd)
  },
  (call) => {
    call.send(streamHead)
    for (const text of events.slice(0, 4)) call.send(piece(text))
  },
  (call) => call.reset(),
  (call) => call.send(jsonReply(529, { type: 'error', error: { type: 'overloaded_error' } })),
]

const endless = 4

/** Every amount that history bills a member, summed over its entries alone. */
function billOf(entries: readonly Entry[]): {
  readonly fromPlan: bigint
  readonly charged: bigint
  readonly ended: number
} {
  let fromPlan = 0n
  let charged = 0n
  let ended = 0
  for (const { body } of entries) {
    if (body.kind === 'voided') ended++
    if (body.kind !== 'settled') continue
    ended++
    if (body.source === 'plan') fromPlan += body.costNanos
    charged += body.chargedNanos
  }
  return { fromPlan, charged, ended }
}

test('D5: after many requests at once, finished, cut and abandoned, the number that enforces is the number that bills', async () => {
  const perSeat = 340
  await using world = await openScriptedWorld(
    (call) => behaviours[Number(headerOf(call.headers, 'x-behaviour'))]?.(call),
    // The session closes in the middle, so that both sources are used.
    {
      plan: sessionPlan((nanosPerUnit * 15n) / 100n),
      waitMaxMs: 10,
      settings: { connectionsMax: 5000 },
    },
  )
  await world.turnOnExtraUsage(2n * nanosPerUnit)
  const seats = [world.seat, await world.addSeat('ben'), await world.addSeat('eve')]

  const askAndPerhapsLeave = async (seat: Seat, turn: number): Promise<void> => {
    const behaviour = turn % behaviours.length
    const connection = await world.begin({
      seat,
      headers: { 'x-behaviour': String(behaviour) },
      body: askBody({ stream: behaviour !== 1 }),
    })
    const isEndless = behaviour === endless
    const enough = isEndless ? /word|\}$/ : turn % 4 === 0 ? /HTTP/ : /\r\n0\r\n\r\n$|\}$/
    await connection.until(enough).catch(() => 'closed before')
    connection.leave()
  }
  const turns = Array.from({ length: perSeat }, (_unused, turn) => turn)
  await Promise.all(seats.flatMap((seat) => turns.map((turn) => askAndPerhapsLeave(seat, turn))))
  const lines = await world.finished(perSeat * seats.length)

  assert.equal(lines.length, perSeat * seats.length)
  let charged = 0n
  let heldCount = 0
  for (const seat of seats) {
    const entries = await world.entries(seat)
    const bill = billOf(entries)
    const figures = await world.figures(seat)
    assert.equal(figures.runningCount, 0)
    assert.deepEqual([figures.limits[0]?.used, figures.limits[0]?.held], [bill.fromPlan, 0n])
    assert.equal(figures.extraUsage.memberSpentNanos, bill.charged)
    const held = entries.filter((entry) => entry.body.kind === 'held').length
    assert.equal(bill.ended, held)
    heldCount += held
    charged += bill.charged
  }
  const { extraUsage } = await world.figures()
  assert.ok(heldCount > 60 && charged > 0n, `${heldCount} holds, ${charged} nanos`)
  assert.equal(extraUsage.heldNanos, 0n)
  assert.equal(extraUsage.spentNanos, charged)
  assert.equal(extraUsage.balanceNanos, 2n * nanosPerUnit - charged)
  const logged = lines.reduce((sum, line) => sum + BigInt(line['chargedNanos'] ?? 0), 0n)
  assert.equal(logged, charged)
  const report = await verify(world.parts, { isHealing: false, actor: 'test' })
  assert.deepEqual([report.faults, report.drifts, report.openHoldCount], [[], [], 0])
})

test('a caller that reads slowly slows the upstream down, and nothing piles up in between', async () => {
  const pieceBytes = 64 * 1024
  const pieces = 1600
  let sentPieces = 0
  await using world = await openScriptedWorld(async (call) => {
    call.send(streamHead)
    call.send(piece(events[0] ?? ''))
    const filler = piece(`: ${'x'.repeat(pieceBytes)}\n\n`)
    while (sentPieces < pieces) {
      sentPieces++
      if (!call.send(filler)) await call.drained()
    }
    for (const text of events.slice(1)) call.send(piece(text))
    call.send(streamEnd)
  })
  const connection = await world.begin({ body: askBody({ stream: true }) })
  await connection.until('message_start')
  const { socket } = connection
  socket.pause()
  const before = process.memoryUsage().rss

  // The upstream stands still once every buffer on the way is full.
  let last = -1
  while (last !== sentPieces) {
    last = sentPieces
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
  }

  assert.ok(sentPieces < pieces / 2, `${sentPieces} pieces went out`)
  assert.ok(process.memoryUsage().rss - before < 60 * 1024 * 1024)
  let tail = ''
  socket.removeAllListeners('data')
  socket.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('latin1')).slice(-10)
    if (tail.endsWith(streamEnd)) socket.destroy()
  })
  socket.resume()
  await connection.toEnd()
  const [line] = await world.finished(1)
  assert.equal(line?.['outcome'], 'finished')
  assert.equal(line?.['usage_output'], 700)
})
