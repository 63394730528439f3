import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { day, hour, startMs } from '../../test/rules/books.ts'
import type { MemberState, WindowInstance } from './account.ts'
import { emptyMember } from './empty-state.ts'
import { customerId, limitId, memberId } from './ids.ts'
import type { Limit, ShapeChange, WindowShape } from './plan.ts'
import {
  admittingInstance,
  calendarBounds,
  monthBounds,
  runningInstance,
  windowKind,
  withShape,
} from './window.ts'

const daily: WindowShape = { kind: 'day', zone: 'UTC' }
const monthly: WindowShape = { kind: 'month', zone: 'UTC' }
const weekly: WindowShape = {
  kind: 'week',
  anchor: { weekday: 1, hour: 0, minute: 0 },
  zone: 'UTC',
}
const session = (lengthMs: number): WindowShape => ({ kind: 'session', lengthMs })

const wednesday = Date.UTC(2026, 10, 18)
const thursday = wednesday + day
const friday = thursday + day
const nextMonday = Date.UTC(2026, 10, 23)
const december = Date.UTC(2026, 11, 1)

function limit(...shapes: readonly (readonly [number, WindowShape])[]): Limit {
  const changes = shapes.map(([sinceMs, shape]) => ({ sinceMs, shape }))
  return { id: limitId('l'), unit: 'money', amount: 1n, shapes: changes }
}

function member(newest?: readonly [number, number], kept: readonly number[] = []): MemberState {
  const state = emptyMember({ customerId: customerId('cus'), memberId: memberId('m') })
  const instance = (from: number, to: number): WindowInstance => {
    return { limitId: limitId('l'), unit: 'money', startMs: from, endMs: to, used: 0n, held: 0n }
  }
  if (newest !== undefined) state.windows.set(limitId('l'), instance(...newest))
  state.keptWindows = kept.map((from) => instance(from, from + day))
  return state
}

const running = (of: Limit, nowMs: number, by = member()): unknown => {
  const bounds = runningInstance(of, by, nowMs)
  return bounds && [bounds.startMs, bounds.endMs]
}

describe('a calendar window', () => {
  test('contains its moment, from its start up to its end', () => {
    const of = (shape: WindowShape, atMs: number): unknown => {
      assert.ok(shape.kind !== 'session')
      const bounds = calendarBounds(shape, atMs)
      return [bounds.startMs, bounds.endMs]
    }
    assert.deepEqual(of(daily, startMs), [wednesday, thursday])
    assert.deepEqual(of(daily, thursday - 1), [wednesday, thursday])
    assert.deepEqual(of(daily, thursday), [thursday, friday])
    assert.deepEqual(of(daily, wednesday), [wednesday, thursday])
    assert.deepEqual(of(daily, wednesday - 1), [wednesday - day, wednesday])
    assert.deepEqual(of(weekly, startMs), [Date.UTC(2026, 10, 16), nextMonday])
    assert.deepEqual(of(monthly, startMs), [Date.UTC(2026, 10, 1), december])
  })

  test('of a week begins at its hour and minute of its weekday', () => {
    const late: WindowShape = { ...weekly, anchor: { weekday: 3, hour: 12, minute: 30 } }
    assert.ok(late.kind === 'week')
    assert.equal(calendarBounds(late, startMs).endMs, startMs + 30 * 60_000)
    assert.equal(calendarBounds(late, startMs + hour).startMs, startMs + 30 * 60_000)
    assert.equal(calendarBounds(late, startMs + hour).endMs, startMs + 30 * 60_000 + 7 * day)
  })

  test('of a month is the zone’s own, whichever zone was asked for before', () => {
    assert.deepEqual(monthBounds('UTC', startMs).endMs, december)
    assert.deepEqual(monthBounds('Asia/Tokyo', startMs).endMs, december - 9 * hour)
    assert.deepEqual(monthBounds('America/New_York', startMs).endMs, december + 5 * hour)
    assert.deepEqual(monthBounds('Asia/Tokyo', december - 9 * hour).startMs, december - 9 * hour)
    assert.deepEqual(monthBounds('UTC', startMs).startMs, Date.UTC(2026, 10, 1))
  })
})

test('an instance is worked out once for all its moments, of a shape and of a month', () => {
  const local: Exclude<WindowShape, { kind: 'session' }> = { kind: 'day', zone: 'Europe/Berlin' }
  const { startMs: beginsMs, endMs } = calendarBounds(local, startMs)
  const known = calendarBounds(local, beginsMs)
  assert.equal(calendarBounds(local, beginsMs), known)
  assert.equal(calendarBounds(local, endMs - 1), known)
  assert.notEqual(calendarBounds(local, endMs), known)
  const november = monthBounds('Asia/Tokyo', startMs)
  assert.equal(monthBounds('Asia/Tokyo', startMs + day), november)
})

describe('W1: a change of shape', () => {
  test('counts from the end of the instance that it came in', () => {
    const changed = limit([0, daily], [startMs, weekly])
    assert.deepEqual(running(changed, startMs - 1), [wednesday, thursday])
    assert.deepEqual(running(changed, thursday - 1), [wednesday, thursday])
    assert.deepEqual(running(changed, thursday), [thursday, nextMonday])
    assert.deepEqual(running(changed, nextMonday), [nextMonday, nextMonday + 7 * day])
  })

  test('that comes at the very start of an instance waits for its end', () => {
    const changed = limit([0, daily], [wednesday, weekly])
    assert.deepEqual(running(changed, startMs), [wednesday, thursday])
  })

  test('which comes while another one waits counts in its place, when that would', () => {
    const changed = limit([0, daily], [startMs, weekly], [startMs + hour, monthly])
    assert.deepEqual(running(changed, startMs + 2 * hour), [wednesday, thursday])
    assert.deepEqual(running(changed, thursday), [thursday, december])
    // One that comes later waits for the end of what runs by then.
    const later = limit([0, daily], [startMs, weekly], [thursday, monthly])
    assert.deepEqual(running(later, friday), [thursday, nextMonday])
    assert.deepEqual(running(later, nextMonday), [nextMonday, december])
  })

  test('from sessions counts at once, and one to sessions leaves none running until the next opens', () => {
    const opened = limit([0, session(hour)], [startMs, daily])
    assert.deepEqual(running(opened, startMs - 1), undefined)
    assert.deepEqual(running(opened, startMs), [startMs, thursday])
    assert.deepEqual(running(opened, startMs + 1, member([startMs - 1, startMs + hour])), [
      startMs - 1,
      startMs + hour,
    ])
    const closed = limit([0, daily], [startMs, session(hour)])
    assert.deepEqual(running(closed, startMs + 1), [wednesday, thursday])
    assert.deepEqual(running(closed, thursday), undefined)
  })
})

describe('the instance that runs', () => {
  test('is the one that was pinned until its end, whatever the shape says', () => {
    const pinned = member([startMs, startMs + 2 * hour])
    assert.deepEqual(running(limit([0, daily]), startMs + 2 * hour - 1, pinned), [
      startMs,
      startMs + 2 * hour,
    ])
    assert.deepEqual(running(limit([0, daily]), startMs + 2 * hour, pinned), [
      startMs + 2 * hour,
      thursday,
    ])
  })

  test('ends where one begins that the clock once went ahead to', () => {
    const ahead = member([friday, friday + day], [])
    assert.deepEqual(running(limit([0, weekly]), startMs, ahead), [Date.UTC(2026, 10, 16), friday])
    const kept = member([nextMonday, nextMonday + day], [thursday])
    assert.deepEqual(running(limit([0, weekly]), startMs, kept), [Date.UTC(2026, 10, 16), thursday])
  })

  test('is none of a limit without a shape, or while no session is open', () => {
    assert.equal(running(limit(), startMs), undefined)
    assert.equal(running(limit([0, session(hour)]), startMs), undefined)
    assert.equal(
      running(limit([0, session(hour)]), startMs, member([startMs - hour, startMs])),
      undefined,
    )
  })
})

test('an admission counts in the instance that runs, or opens a session of the length in force', () => {
  const admitting = (of: Limit, nowMs: number, by = member()): unknown =>
    admittingInstance(of, by, nowMs)
  assert.deepEqual(admitting(limit([0, daily]), startMs), {
    startMs: wednesday,
    endMs: thursday,
    isOpening: false,
  })
  const changed = limit([0, session(hour)], [startMs, session(2 * hour)])
  assert.deepEqual(admitting(changed, startMs - 1), {
    startMs: startMs - 1,
    endMs: startMs - 1 + hour,
    isOpening: true,
  })
  assert.deepEqual(admitting(changed, startMs), {
    startMs,
    endMs: startMs + 2 * hour,
    isOpening: true,
  })
  assert.deepEqual(admitting(changed, startMs + 1, member([startMs, startMs + hour])), {
    startMs,
    endMs: startMs + hour,
    isOpening: false,
  })
  assert.deepEqual(admitting(limit(), startMs), { startMs, endMs: startMs, isOpening: true })
})

test('the kind of a window is what the plan says now, also before a change counts', () => {
  assert.equal(windowKind(limit([0, daily], [startMs, monthly])), 'month')
  assert.equal(windowKind(limit([0, weekly])), 'week')
  assert.equal(windowKind(limit()), 'session')
})

const anchored = (weekday: number, hourOfDay: number): WindowShape => ({
  kind: 'week',
  anchor: { weekday, hour: hourOfDay, minute: 0 },
  zone: 'UTC',
})

const anyShape = fc.constantFrom<WindowShape>(
  daily,
  monthly,
  weekly,
  anchored(4, 9),
  anchored(2, 0),
  session(5 * hour),
)

/** Asserts that two lists of changes make the same windows, from long before the changes to long after them. */
function assertSameWindows(one: readonly ShapeChange[], other: readonly ShapeChange[]): void {
  for (let hours = -300; hours < 2400; hours += 37) {
    const atMs = startMs + hours * hour
    const [first, second] = [one, other].map((shapes) => running({ ...limit(), shapes }, atMs))
    assert.deepEqual(first, second)
  }
}

test('a change that never comes into force can be left out: every window is as with all of them', () => {
  const change = fc.record({ shape: anyShape, afterHours: fc.integer({ min: 0, max: 200 }) })
  let leftOut = 0
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), (changes) => {
      let [sinceMs, all, kept]: [number, ShapeChange[], ShapeChange[]] = [0, [], []]
      for (const { shape, afterHours } of changes) {
        sinceMs = all.length === 0 ? 0 : Math.max(sinceMs, startMs) + afterHours * hour
        all = [...all, { sinceMs, shape }]
        kept = withShape(kept, { sinceMs, shape })
      }
      leftOut += all.length - kept.length
      assertSameWindows(kept, all)
    }),
    { seed: 410, numRuns: 300 },
  )
  assert.ok(leftOut > 100, String(leftOut))
})

test('whatever clocks ahead of time had asked for is as if it never was, once something is asked for', () => {
  const at = fc.record({ shape: anyShape, hours: fc.integer({ min: 1, max: 400 }) })
  const first = { sinceMs: 0, shape: weekly }
  let forgotten = 0
  fc.assert(
    fc.property(fc.array(at, { minLength: 2, maxLength: 12 }), (asked) => {
      let kept: ShapeChange[] = [first]
      let past: ShapeChange[] = [first]
      for (const { shape, hours } of asked) {
        const change = { sinceMs: startMs + hours * hour, shape }
        forgotten += past.length
        past = [...past.filter(({ sinceMs }) => sinceMs <= change.sinceMs), change]
        forgotten -= past.length - 1
        kept = withShape(kept, change)
      }
      assertSameWindows(kept, past)
    }),
    { seed: 744, numRuns: 300 },
  )
  assert.ok(forgotten > 100, String(forgotten))
})

test('W1: no change moves the reset that is shown, also where old lists have moments that go back', () => {
  const change = fc.record({ shape: anyShape, hours: fc.integer({ min: 1, max: 400 }) })
  let hidden = 0
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), change, (old, asked) => {
      const later = old.map(({ shape, hours }) => ({ sinceMs: startMs + hours * hour, shape }))
      const shapes: ShapeChange[] = [{ sinceMs: 0, shape: weekly }, ...later]
      const sinceMs = startMs + asked.hours * hour
      const next = { ...limit(), shapes: withShape(shapes, { sinceMs, shape: asked.shape }) }
      const shown = runningInstance({ ...limit(), shapes }, member(), sinceMs)
      if (shown !== undefined)
        assert.deepEqual(running(next, sinceMs), [shown.startMs, shown.endMs])
      hidden += Number(later.slice(0, -1).some((one) => one.sinceMs > sinceMs))
      // What was asked for last counts once that instance has ended.
      const endMs = shown?.endMs ?? sinceMs
      const only = { ...limit(), shapes: [{ sinceMs: 0, shape: asked.shape }] }
      const end = (of: Limit): unknown => runningInstance(of, member(), endMs)?.endMs
      assert.equal(end(next), end(only))
    }),
    { seed: 872, numRuns: 500 },
  )
  assert.ok(hidden > 100, String(hidden))
})
