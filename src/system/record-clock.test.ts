import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Clock } from './clock.ts'
import { absenceMaxMs, jumpMinMs, RecordClock, type RecordClockStatus } from './record-clock.ts'

const startMs = Date.UTC(2026, 10, 22, 12)
const hourMs = 3_600_000

class Hands implements Clock {
  wall = startMs
  elapsed = 0
  wallMs = (): number => this.wall
  elapsedMs = (): number => this.elapsed
  after = (): (() => void) => () => undefined
  pass(ms: number): void {
    this.wall += ms
    this.elapsed += ms
  }
}

function clockAfter(lastMs: number | undefined, hands = new Hands()) {
  const jumps: RecordClockStatus[] = []
  const clock = new RecordClock({ clock: hands, lastMs, onChange: (status) => jumps.push(status) })
  return { clock, hands, jumps }
}

test('an empty journal begins at wall time and goes on with it', () => {
  const { clock, hands } = clockAfter(undefined)

  hands.pass(hourMs)

  assert.equal(clock.nowMs(), startMs + hourMs)
})

test('after a short absence the wall clock counts', () => {
  const { clock, jumps } = clockAfter(startMs - absenceMaxMs)

  assert.equal(clock.nowMs(), startMs)
  assert.deepEqual(jumps, [])
})

test('after a long absence the wall clock waits for a witness', () => {
  const lastMs = startMs - absenceMaxMs - 1
  const { clock, hands, jumps } = clockAfter(lastMs)
  assert.equal(clock.nowMs(), lastMs)
  hands.pass(hourMs)
  assert.equal(clock.nowMs(), lastMs + hourMs)
  assert.deepEqual(
    jumps.map(({ isJumpHeld }) => isJumpHeld),
    [true],
  )

  clock.corroborate(hands.wall - 2000)

  assert.equal(clock.nowMs(), startMs + hourMs)
  assert.deepEqual(
    jumps.map(({ isJumpHeld }) => isJumpHeld),
    [true, false],
  )
})

test('W3: a wall clock that steps back is waited for, never followed', () => {
  const { clock, hands } = clockAfter(undefined)
  hands.wall -= hourMs

  assert.equal(clock.nowMs(), startMs)
  hands.pass(hourMs)

  const nowMs = clock.nowMs()
  assert.equal(nowMs > startMs && nowMs < startMs + hourMs, true, 'slower than time until it fits')
  hands.pass(20 * hourMs)
  assert.equal(clock.nowMs(), hands.wall)
})

test('W3: a small step forward is caught up with little by little', () => {
  const { clock, hands, jumps } = clockAfter(undefined)
  hands.wall += 60_000

  hands.pass(60_000)
  assert.equal(clock.nowMs(), startMs + 66_000)
  hands.pass(20 * 60_000)

  assert.equal(clock.nowMs(), hands.wall)
  assert.deepEqual(jumps, [])
})

test('a witness that disagrees confirms nothing, however often it is heard', () => {
  const { clock, hands } = clockAfter(undefined)
  hands.wall += 30 * 24 * hourMs

  for (let count = 0; count < 3; count += 1) clock.corroborate(startMs + hands.elapsed)
  clock.corroborate(Number.NaN)

  assert.equal(clock.nowMs(), startMs)
  assert.equal(clock.status().isJumpHeld, true)
})

test('a witness heard before a jump still counts, by the time that passed since', () => {
  const { clock, hands } = clockAfter(undefined)
  clock.corroborate(startMs + 2 * hourMs)
  hands.pass(hourMs)

  hands.wall += 2 * hourMs

  assert.equal(clock.nowMs(), hands.wall)
})

test('a wall clock that comes back to its senses ends the alarm without any step', () => {
  const { clock, hands, jumps } = clockAfter(undefined)
  hands.wall += 10 * hourMs
  clock.nowMs()
  hands.wall -= 10 * hourMs
  hands.pass(1000)

  assert.equal(clock.nowMs(), startMs + 1000)
  assert.deepEqual(
    jumps.map(({ isJumpHeld }) => isJumpHeld),
    [true, false],
  )
})

test('the operator can adopt a wall clock that is ahead, and no other', () => {
  const { clock, hands } = clockAfter(undefined)
  hands.wall -= hourMs
  clock.adoptWall()
  assert.equal(clock.nowMs(), startMs)

  hands.wall += 100 * hourMs
  clock.adoptWall()

  assert.equal(clock.nowMs(), hands.wall)
})

test('W3: whatever the wall clock does, moments never go back nor run ahead of time unwitnessed', () => {
  const step = fc.record({
    stepMs: fc.oneof(fc.constant(0), fc.integer({ min: -400 * hourMs, max: 400 * hourMs })),
    passMs: fc.integer({ min: 0, max: 5 * hourMs }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { clock, hands } = clockAfter(undefined)
      let last = clock.nowMs()
      for (const { stepMs, passMs } of steps) {
        hands.wall += stepMs
        hands.pass(passMs)
        const next = clock.nowMs()
        assert.equal(next >= last, true)
        assert.equal(next - last <= Math.ceil(passMs * 1.1) + 1, true)
        last = next
      }
      assert.equal(last - startMs <= Math.ceil(hands.elapsed * 1.1) + steps.length, true)
    }),
  )
})

test('the bounds are those that the documents name', () => {
  assert.equal(jumpMinMs, 5 * 60_000)
  assert.equal(absenceMaxMs, 24 * hourMs)
})

test('W3: a date from 2030 moves nothing by itself, and a jump to elsewhere is not its jump', () => {
  const { clock, hands } = clockAfter(undefined)
  clock.corroborate(Date.UTC(2030, 0, 1))
  hands.pass(hourMs)
  assert.equal(clock.nowMs(), startMs + hourMs)

  hands.wall += 40 * 24 * hourMs
  clock.corroborate(Date.UTC(2030, 0, 1))

  assert.equal(clock.status().isJumpHeld, true)
  assert.equal(clock.nowMs(), startMs + hourMs)
})

test('W3: a second jump on top of a held one is held as well, and one witness settles both', () => {
  const { clock, hands, jumps } = clockAfter(undefined)
  hands.wall += 10 * hourMs
  clock.nowMs()
  hands.wall += 10 * hourMs
  clock.corroborate(startMs + 10 * hourMs)
  assert.equal(clock.status().isJumpHeld, true)

  clock.corroborate(hands.wall)

  assert.equal(clock.nowMs(), hands.wall)
  assert.equal(jumps.length, 2, 'told once, and once that it is over')
  assert.deepEqual(clock.untold(), [{ fromMs: startMs, toMs: hands.wall, cause: 'witness' }])
})

test('W3: eight hours of sleep that elapsed time counts are no jump', () => {
  const { clock, hands, jumps } = clockAfter(undefined)

  hands.pass(8 * hourMs)

  assert.equal(clock.nowMs(), startMs + 8 * hourMs)
  assert.deepEqual(jumps, [])
  assert.deepEqual(clock.untold(), [])
})

test('W3: a wall clock that is minutes behind is told once, and once that it has been caught up with', () => {
  const { clock, hands, jumps } = clockAfter(undefined)
  hands.wall -= 10 * 60_000
  for (let minute = 0; minute < 200; minute += 1) {
    hands.pass(60_000)
    clock.nowMs()
  }

  assert.deepEqual(
    jumps.map(({ isBehind }) => isBehind),
    [true, false],
  )
  assert.equal(clock.nowMs(), hands.wall)
})

test('W3: a jump that a start adopts is told as one, and a drift of minutes is none', () => {
  const jumped = clockAfter(startMs - 3 * hourMs)
  const drifted = clockAfter(startMs - 4 * 60_000)

  assert.deepEqual(jumped.clock.untold(), [
    { fromMs: startMs - 3 * hourMs, toMs: startMs, cause: 'start' },
  ])
  assert.deepEqual(drifted.clock.untold(), [])
  assert.equal(drifted.clock.nowMs(), startMs)
})
