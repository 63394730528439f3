import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSystemClock } from './system-clock.ts'

function machine() {
  const hands = { monotonic: 5_000_000, uptime: 9_000_000, wall: Date.UTC(2026, 10, 22) }
  const clock = createSystemClock({
    monotonicMs: () => hands.monotonic,
    uptimeMs: () => hands.uptime,
    wallMs: () => hands.wall,
  })
  return { hands, clock }
}

test('elapsed time is what the monotonic clock counts', () => {
  const { hands, clock } = machine()
  assert.equal(clock.elapsedMs(), 0)

  hands.monotonic += 250
  hands.uptime += 250

  assert.equal(clock.elapsedMs(), 250)
})

test('an hour of sleep is an hour that passed', () => {
  const { hands, clock } = machine()

  hands.monotonic += 2000
  hands.uptime += 2000 + 3_600_000

  assert.equal(clock.elapsedMs(), 3_602_000)
})

test('W3: the first reading after a sleep already counts it, also within the second of the last one', () => {
  const { hands, clock } = machine()
  hands.monotonic += 1000
  hands.uptime += 1000
  hands.wall += 1000
  assert.equal(clock.elapsedMs(), 1000)

  hands.monotonic += 10
  hands.uptime += 10 + 8 * 3_600_000
  hands.wall += 10 + 8 * 3_600_000

  assert.equal(clock.elapsedMs(), 1010 + 8 * 3_600_000)
})

test('W3: a step of the wall clock alone is no sleep', () => {
  const { hands, clock } = machine()
  hands.monotonic += 100
  hands.uptime += 100
  hands.wall += 8 * 3_600_000

  assert.equal(clock.elapsedMs(), 100)
})

test('the coarse steps of uptime do not shake the clock', () => {
  const { hands, clock } = machine()
  let last = 0
  for (let count = 0; count < 100; count += 1) {
    hands.monotonic += 1000
    hands.uptime += count % 2 === 0 ? 1400 : 600
    const elapsedMs = clock.elapsedMs()
    assert.equal(elapsedMs >= last, true)
    last = elapsedMs
  }
  assert.equal(last, 100_000)
})

test('a timer that was called off does not call back', async () => {
  const clock = createSystemClock()
  const called: string[] = []

  await new Promise<void>((resolve) => {
    const cancel = clock.after(0, () => called.push('cancelled'))
    // Its own timers do not keep a process alive, so the test holds it open.
    const keepAlive = setInterval(() => undefined, 1000)
    clock.after(0, () => called.push('kept'))
    clock.after(1, () => {
      clearInterval(keepAlive)
      resolve()
    })
    cancel()
  })

  assert.deepEqual(called, ['kept'])
})
