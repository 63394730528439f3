import assert from 'node:assert/strict'
import test from 'node:test'
import { ManualClock } from '../../test/contract/manual-clock.ts'
import { minutesKept, Traffic } from './traffic.ts'

const minuteMs = 60_000
const startMs = Date.UTC(2026, 10, 22, 12, 0, 30)

function begin() {
  const clock = new ManualClock(startMs)
  const traffic = new Traffic(clock, startMs)
  const counting = (): Traffic => {
    traffic.now(clock.elapsedMs())
    return traffic
  }
  return { clock, traffic, counting }
}

test('counts stand in the minute of the day in which they were made', () => {
  const { clock, traffic, counting } = begin()
  counting().add('plan')
  clock.pass(29_999)
  counting().add('plan')
  clock.pass(1)
  counting().add('limit_reached', 3)
  counting().addCost(7n)
  clock.pass(5 * minuteMs)

  const { points, sinceMs, stepMs } = traffic.read(clock.wallMs(), { minutes: 60, stepMinutes: 1 })

  assert.equal(sinceMs, startMs)
  assert.equal(stepMs, minuteMs)
  assert.equal(points.length, 7)
  assert.deepEqual(points[0], {
    atMs: Date.UTC(2026, 10, 22, 12, 0),
    counts: { plan: 2 },
    costNanos: 0n,
    slowestMs: 0,
  })
  assert.deepEqual(points[1]?.counts, { limit_reached: 3 })
  assert.equal(points[1].costNanos, 7n)
  assert.deepEqual(points.at(-1), {
    atMs: Date.UTC(2026, 10, 22, 12, 6),
    counts: {},
    costNanos: 0n,
    slowestMs: 0,
  })
})

test('a longer step joins minutes and loses none', () => {
  const { clock, traffic, counting } = begin()
  for (let minute = 0; minute < 40; minute += 1) {
    counting().add('extra_usage')
    counting().addDecision(minute)
    clock.pass(minuteMs)
  }

  const { points } = traffic.read(clock.wallMs(), { minutes: 60, stepMinutes: 15 })

  assert.deepEqual(
    points.map(({ counts, slowestMs }) => [counts.extra_usage, counts.decided, slowestMs]),
    [
      [15, 15, 14],
      [15, 15, 29],
      [10, 10, 39],
    ],
  )
  assert.deepEqual(
    points.map(({ atMs }) => atMs % (15 * minuteMs)),
    [0, 0, 0],
  )
})

test('after a day, and after a long silence, old minutes are gone', () => {
  const { clock, traffic, counting } = begin()
  counting().add('plan')
  clock.pass((minutesKept - 1) * minuteMs)
  const whole = traffic.read(clock.wallMs(), { minutes: minutesKept, stepMinutes: 1 })
  clock.pass(minuteMs)
  counting().add('free')
  const later = traffic.read(clock.wallMs(), { minutes: minutesKept, stepMinutes: 1 })
  clock.pass(10 * minutesKept * minuteMs)
  const silent = traffic.read(clock.wallMs(), { minutes: minutesKept, stepMinutes: 1 })

  assert.equal(whole.points.length, minutesKept)
  assert.deepEqual(whole.points[0]?.counts, { plan: 1 })
  assert.equal(later.points.length, minutesKept)
  assert.deepEqual(
    later.points.flatMap(({ counts }) => Object.keys(counts)),
    ['free'],
  )
  assert.equal(later.sinceMs, later.points[0]?.atMs)
  assert.deepEqual(
    silent.points.flatMap(({ counts }) => Object.keys(counts)),
    [],
  )
})

test('a wall clock that is set puts no count into another minute', () => {
  const { clock, traffic, counting } = begin()
  counting().add('plan')
  clock.stepWall(-3 * 60 * minuteMs)
  clock.pass(2 * minuteMs)
  counting().add('plan')

  const { points } = traffic.read(startMs + 2 * minuteMs, { minutes: 60, stepMinutes: 1 })

  assert.deepEqual(
    points.map(({ counts }) => counts.plan ?? 0),
    [1, 0, 1],
  )
})

test('counts that begin anew know nothing of before, and stand where they belong', () => {
  const { clock, traffic, counting } = begin()
  counting().add('plan', 4)
  counting().addCost(9n)
  counting().addDecision(70)
  clock.pass(90_000)
  const { version } = traffic

  traffic.beginAnew()
  const empty = traffic.read(clock.wallMs(), { minutes: 60, stepMinutes: 1 })
  counting().add('plan')
  clock.pass(minuteMs)
  counting().add('extra_usage')
  const after = traffic.read(clock.wallMs(), { minutes: 60, stepMinutes: 1 })

  const atMs = Date.UTC(2026, 10, 22, 12, 2)
  assert.deepEqual(empty.points, [{ atMs, counts: {}, costNanos: 0n, slowestMs: 0 }])
  assert.equal(empty.sinceMs, startMs + 90_000)
  assert.deepEqual(
    after.points.map((point) => [point.atMs, point.counts]),
    [
      [atMs, { plan: 1 }],
      [atMs + minuteMs, { extra_usage: 1 }],
    ],
  )
  assert.equal(after.sinceMs, startMs + 90_000)
  assert.ok(traffic.version > version, 'whoever shows them looks again')
})
