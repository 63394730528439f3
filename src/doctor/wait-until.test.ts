import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../test/contract/manual-clock.ts'
import { nextTurn } from '../system/next-turn.ts'
import { countdown, momentTyped, waitUntil, type WaitEnd } from './wait-until.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

type Hands = {
  readonly clock: ManualClock
  readonly ticks: readonly number[]
  readonly interrupt: () => void
  readonly end: Promise<WaitEnd>
  /** Undefined while it still waits. */
  readonly seen: () => WaitEnd | undefined
}

function waiting(isStopped?: () => boolean): Hands {
  const clock = new ManualClock()
  const ticks: number[] = []
  const interruption = Promise.withResolvers<void>()
  let seen: WaitEnd | undefined
  const end = waitUntil({
    clock,
    untilMs: clock.wallMs() + 3 * hourMs,
    onTick: (leftMs) => ticks.push(leftMs),
    interrupted: interruption.promise,
    tickMs: 30_000,
    ...(isStopped === undefined ? {} : { isStopped }),
  })
  void end.then((found) => (seen = found))
  return { clock, ticks, interrupt: interruption.resolve, end, seen: () => seen }
}

async function pass(clock: ManualClock, ms: number, steps: number): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    clock.pass(ms / steps)
    await nextTurn()
  }
}

test('it waits until the moment, and counts down to it', async () => {
  const { clock, ticks, end, seen } = waiting()

  await pass(clock, 3 * hourMs - 30_000, 359)
  const before = seen()
  await pass(clock, 30_000, 1)

  assert.equal(before, undefined)
  assert.deepEqual(await end, { kind: 'reached', clockStepMs: 0 })
  assert.equal(ticks[0], 3 * hourMs)
  assert.ok(ticks.every((left, index) => index === 0 || left < (ticks[index - 1] ?? 0)))
})

test('a machine that slept past the moment knows so at its first look', async () => {
  const { clock, end } = waiting()

  await pass(clock, 9 * hourMs, 1)

  assert.deepEqual(await end, { kind: 'reached', clockStepMs: 0 })
})

test('a clock that is set back prolongs nothing, and that it was set is told', async () => {
  const { clock, end } = waiting()

  await pass(clock, minuteMs, 2)
  clock.stepWall(-2 * hourMs)
  await pass(clock, 3 * hourMs - minuteMs, 400)

  assert.deepEqual(await end, { kind: 'reached', clockStepMs: -2 * hourMs })
})

test('a clock that is set ahead past the moment ends the wait, and that it was set is told', async () => {
  const { clock, end } = waiting()

  clock.stepWall(4 * hourMs)
  await pass(clock, 30_000, 1)

  assert.deepEqual(await end, { kind: 'reached', clockStepMs: 4 * hourMs })
})

test('Ctrl-C ends it at once', async () => {
  const { end, interrupt } = waiting()

  interrupt()

  assert.equal((await end).kind, 'interrupted')
})

test('it ends when what it waits for has come by itself', async () => {
  let isThere = false
  const { clock, end } = waiting(() => isThere)

  await pass(clock, minuteMs, 2)
  isThere = true
  await pass(clock, minuteMs, 2)

  assert.equal((await end).kind, 'stopped')
})

test('a countdown is written in the units that matter', () => {
  assert.equal(countdown(3 * hourMs + 5000), '3 h 0 min 05 s')
  assert.equal(countdown(61_000), '1 min 01 s')
  assert.equal(countdown(900), '01 s')
  assert.equal(countdown(-5), '00 s')
})

test('a moment is typed as a span or with its zone, and anything else is none', () => {
  assert.equal(momentTyped('90m', 0), 90 * minuteMs)
  assert.equal(momentTyped('1h30m', 0), 90 * minuteMs)
  assert.equal(momentTyped('2026-11-28T21:06:00Z', 0), Date.UTC(2026, 10, 28, 21, 6))
  for (const text of ['', 'soon', '5', '-5m', 'h', '2026-11-28']) {
    assert.equal(momentTyped(text, 0), undefined, text)
  }
})
