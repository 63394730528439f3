import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitId, operationId } from '../../src/core/ids.ts'
import { nanosPerUnit } from '../../src/core/money.ts'
import { correctClock } from '../../src/operations/correct-clock.ts'
import { explain } from '../../src/operations/explain.ts'
import { askBody, openScriptedWorld, type ScriptedWorld } from './scripted-world.ts'
import {
  jsonReply,
  message,
  streamEnd,
  streamHead,
  messageEvents,
  piece,
} from './scripted-upstream.ts'
import { createSteeredClock, type SteeredClock } from './steered-clock.ts'
import { sessionLimit, sessionPlan } from './world.ts'

/** The whole gateway through a wall clock that says 2027 for a while. */
const hourMs = 3_600_000
const weekShape = {
  kind: 'week',
  anchor: { weekday: 1, hour: 0, minute: 0 },
  zone: 'Europe/Berlin',
} as const
// One request costs 3 cents (200 tokens in, 1,960 out at the price of the test's model).
const usage = { input_tokens: 200, output_tokens: 1960 }
const plan = sessionPlan(10n * nanosPerUnit, {
  limits: [
    {
      ...sessionLimit(nanosPerUnit / 10n, 'week'),
      shapes: [{ sinceMs: 0, shape: weekShape }],
    },
  ],
})

type Glitch = {
  readonly world: ScriptedWorld
  readonly clock: SteeredClock
  /** How far the upstream's own clock differs from the true time. */
  upstreamAheadMs: number
  readonly ask: () => Promise<number>
  readonly week: () => Promise<{ used: bigint; startMs: number | null; resetMs: number | null }>
}

async function openGlitch(isSameMachine = false): Promise<Glitch> {
  const clock = createSteeredClock()
  // A Friday, so that neither a week nor a month ends while the test runs.
  clock.stepWall(Date.UTC(2026, 10, 27, 12) - clock.wallMs())
  let wrongMs = 0
  const world = await openScriptedWorld(
    (call) => {
      const date = new Date(clock.wallMs() - wrongMs + glitch.upstreamAheadMs).toUTCString()
      call.send(jsonReply(200, message('hello', usage), [`date: ${date}`]))
    },
    { clock, plan, isSameMachine },
  )
  const glitch: Glitch = {
    world,
    clock: {
      ...clock,
      stepWall: (byMs) => {
        wrongMs += byMs
        clock.stepWall(byMs)
      },
    },
    upstreamAheadMs: 0,
    ask: async () => (await world.post({ body: askBody() })).status,
    week: async () => {
      const found = (await world.figures()).limits.find((one) => one.limitId === limitId('week'))
      const { used = 0n, startMs = null, resetMs = null } = found ?? {}
      return { used, startMs, resetMs }
    },
  }
  return glitch
}

const toNewYear = ({ clock }: Glitch): number => Date.UTC(2027, 0, 1, 12) - clock.wallMs()
const alerts = ({ world }: Glitch): string[] =>
  world.logs
    .filter(({ level, message: text }) => level !== 'info' && /clock/.test(text))
    .map(({ message: text }) => text)

test('W3: a glitch to 2027 that the upstream denies changes no window, and is told once', async () => {
  const glitch = await openGlitch()
  await using world = glitch.world
  assert.equal(await glitch.ask(), 200)
  const before = await glitch.week()

  const aheadMs = toNewYear(glitch)
  glitch.clock.stepWall(aheadMs)
  for (let count = 0; count < 3; count += 1) {
    assert.equal(await glitch.ask(), 200)
    glitch.clock.advance(30_000)
  }

  const during = await glitch.week()
  assert.deepEqual([during.startMs, during.resetMs], [before.startMs, before.resetMs])
  assert.equal(during.used, before.used * 4n)
  assert.equal(world.parts.storage.clockStatus().isJumpHeld, true)
  assert.equal(alerts(glitch).length, 1)
  glitch.clock.stepWall(-aheadMs)
  assert.equal(world.parts.storage.clockStatus().isJumpHeld, false)
  assert.equal(await glitch.ask(), 429, 'the fifth in a week of a tenth of a dollar')
  assert.equal(alerts(glitch).length, 1)
})

test('W3: a glitch to 2027 that was followed and put right gives no window twice and denies nobody falsely', async () => {
  const glitch = await openGlitch()
  await using world = glitch.world
  const { storage } = world.parts
  for (let count = 0; count < 3; count += 1) assert.equal(await glitch.ask(), 200)
  const before = await glitch.week()
  const aheadMs = toNewYear(glitch)
  glitch.clock.stepWall(aheadMs)
  // The upstream's clock has the same fault, so it confirms the jump.
  glitch.upstreamAheadMs = aheadMs
  assert.equal(await glitch.ask(), 200)
  glitch.clock.advance(30_000)
  // The gateway asks the upstream for the time; until that answer is there the week of before decides.
  while (storage.clockStatus().isJumpHeld) await glitch.ask()
  assert.equal(await glitch.ask(), 200)
  assert.equal(storage.clockStatus().recordMs > Date.UTC(2027, 0, 1), true)
  for (let count = 0; count < 3; count += 1) await glitch.ask()
  const refused = await world.post({ body: askBody() })
  assert.equal(refused.status, 429)
  const decisionId = refused.header('x-plimsoll-decision') ?? ''

  glitch.clock.stepWall(-aheadMs)
  glitch.upstreamAheadMs = 0
  assert.equal(storage.clockStatus().isBehind, true)
  const { correction } = await correctClock(world.parts, {
    operationId: operationId('correct'),
    actor: 'operator',
  })

  assert.ok(Math.abs(correction.toMs - glitch.clock.wallMs()) < hourMs)
  const after = await glitch.week()
  assert.deepEqual([after.startMs, after.resetMs], [before.startMs, before.resetMs])
  // Whatever was asked while the jump was still held counts in this week, and nothing else does.
  assert.ok(after.used === before.used + before.used / 3n, `${after.used} of ${before.used}`)
  assert.equal(await glitch.ask(), 429, 'the week of before has nothing left, as before')
  const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
  assert.deepEqual({ faults, drifts }, { faults: [], drifts: [] })
  assert.equal((await explain(world.parts, decisionId)).isConfirmed, true)
})

test('W3: an upstream on this machine confirms no jump of this machine', async () => {
  const glitch = await openGlitch(true)
  await using world = glitch.world
  const aheadMs = toNewYear(glitch)
  glitch.upstreamAheadMs = aheadMs
  glitch.clock.stepWall(aheadMs)

  assert.equal(await glitch.ask(), 200)
  glitch.clock.advance(30_000)
  assert.equal(await glitch.ask(), 200)

  const { isJumpHeld, witness } = world.parts.storage.clockStatus()
  assert.deepEqual([isJumpHeld, witness], [true, null])
})

test('W3: a running stream outlives a jump that is followed, and is settled as usual', async () => {
  const clock = createSteeredClock()
  const gate = Promise.withResolvers<void>()
  await using world = await openScriptedWorld(
    async (call) => {
      const [first = '', ...rest] = messageEvents(['hello'], usage)
      call.send(streamHead)
      call.send(piece(first))
      await gate.promise
      for (const one of rest) call.send(piece(one))
      call.send(streamEnd)
    },
    { clock, plan },
  )
  const connection = await world.begin({ body: askBody({ stream: true }) })
  await connection.until(/message_start/)

  clock.stepWall(40 * 24 * hourMs)
  world.parts.storage.adoptWallClock()
  clock.advance(5000)
  await world.parts.storage.updateSystem(() => ({ answer: undefined, entries: [] }))
  gate.resolve()
  await world.finished(1)

  const kinds = (await world.entries()).map(({ body }) => body.kind)
  assert.equal(kinds.includes('expired'), false)
  assert.equal(kinds.at(-1), 'settled')
})
