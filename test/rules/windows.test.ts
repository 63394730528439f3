import assert from 'node:assert/strict'
import { test } from 'node:test'

import { creditWindow } from '../../src/core/commands.ts'
import { limitId } from '../../src/core/ids.ts'
import type { IncludedGrant, ShapeChange } from '../../src/core/plan.ts'
import { calendarBounds, withShape } from '../../src/core/window.ts'
import {
  Books,
  ada,
  cents,
  day,
  hour,
  limit,
  minute,
  plan,
  session,
  startMs,
  week,
} from './books.ts'

const small = plan('small', [session(cents(100)), week(cents(1000))])
const resetsOf = (books: Books): (number | null | undefined)[] =>
  books.figures().limits.map((one) => one.resetMs)

test('W1: a reset once shown never moves later: not by refusals, upgrades, new anchors or zones', () => {
  const books = new Books({ plan: small })
  books.spend(100)
  const shown = resetsOf(books)
  const moved = plan('small', [
    limit({ id: 'session', amount: cents(50), shape: { kind: 'session', lengthMs: 9 * hour } }),
    limit({
      id: 'week',
      amount: cents(900),
      shape: { kind: 'week', anchor: { weekday: 4, hour: 9, minute: 0 }, zone: 'Asia/Kathmandu' },
    }),
  ])
  books.nowMs += hour
  books.authorize()
  books.publish(moved)

  assert.deepEqual(resetsOf(books), shown)
})

test('W1: a new anchor counts from the next instance, which starts at the old end', () => {
  const books = new Books({ plan: small })
  books.spend(10)
  const thursday = limit({
    id: 'week',
    amount: cents(1000),
    shape: { kind: 'week', anchor: { weekday: 4, hour: 0, minute: 0 }, zone: 'UTC' },
  })
  books.publish(plan('small', [session(cents(100)), thursday]))
  books.nowMs = Date.UTC(2026, 10, 24)

  const weekly = books.figures().limits[1]

  assert.equal(weekly?.startMs, Date.UTC(2026, 10, 23))
  assert.equal(weekly?.resetMs, Date.UTC(2026, 10, 26))
})

test('W1: a week that nobody used yet keeps the reset that was shown when its anchor changes', () => {
  const books = new Books({ plan: small })
  const shown = resetsOf(books)[1]
  const thursday = limit({
    id: 'week',
    amount: cents(1000),
    shape: { kind: 'week', anchor: { weekday: 4, hour: 0, minute: 0 }, zone: 'UTC' },
  })
  books.publish(plan('small', [session(cents(100)), thursday]))

  assert.equal(resetsOf(books)[1], shown)
})

test('W2: a session opens at the first admitted request, not at a refused one', () => {
  const books = new Books({ plan: plan('p', [session(cents(100)), week(cents(10))]) })
  books.spend(10)
  books.nowMs += 6 * hour
  assert.equal(books.authorize().decision.kind, 'deny')
  assert.equal(books.figures().limits[0]?.startMs, null)
  books.nowMs = Date.UTC(2026, 10, 23, 1)

  books.hold()

  assert.equal(books.figures().limits[0]?.startMs, Date.UTC(2026, 10, 23, 1))
})

test('W2: extra-usage and free requests neither open nor count in plan windows', () => {
  const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true })
  books.topUp(cents(100))
  books.spend(5)
  books.spend(5, { model: 'free-model' })

  assert.equal(books.figures().limits[0]?.startMs, null)
  assert.equal(books.figures().limits[0]?.used, 0n)
})

test('W2: a session stays open when its first request fails, and a settle after its end belongs to it', () => {
  const books = new Books({ plan: small })
  const failed = books.hold()
  books.void(failed)
  assert.equal(resetsOf(books)[0], startMs + 5 * hour)
  const slow = books.hold()
  books.nowMs = startMs + 5 * hour + minute

  books.settle(slow, { output: 70 })
  books.hold()

  assert.equal(books.figures().limits[0]?.used, 0n)
  assert.equal(books.figures().limits[0]?.startMs, startMs + 5 * hour + minute)
  assert.equal(books.figures().limits[1]?.used, cents(70))
})

test('W2: a settle after its end belongs to its session also when the next one runs already', () => {
  const books = new Books({ plan: small })
  const slow = books.hold()
  books.nowMs = startMs + 5 * hour + minute
  books.hold()

  books.settle(slow, { output: 70 })

  const [session, weekly] = books.figures().limits
  assert.deepEqual([session?.used, session?.held], [0n, cents(10)])
  assert.deepEqual([weekly?.used, weekly?.held], [cents(70), cents(10)])
})

test('W4: a gifted reset credits the running windows and moves no reset', () => {
  const books = new Books({ plan: small })
  books.spend(100)
  const shown = resetsOf(books)
  books.own(creditWindow(books.account(), { limitId: limitId('session') }, books.moment))

  assert.equal(books.figures().limits[0]?.used, 0n)
  assert.equal(books.figures().limits[1]?.used, cents(100))
  assert.deepEqual(resetsOf(books), shown)
  assert.equal(books.ask().kind, 'allow')
})

test('W5: a plan change neither zeroes a counter nor loses a bought balance', () => {
  const books = new Books({ plan: small })
  books.topUp(cents(300))
  books.spend(60)
  const other = plan('other', [session(cents(80)), week(cents(700))])
  books.publish(other)
  books.seat(other.id)
  books.spend(10)
  books.seat(small.id)

  const { limits, extraUsage } = books.figures()

  assert.deepEqual(
    limits.map((one) => one.used),
    [cents(70), cents(70)],
  )
  assert.equal(extraUsage.balanceNanos, cents(300))
})

test('W5: included credit is posted once a month, ends with its month, and is no way to draw twice', () => {
  const credit = { id: 'credit', amountNanos: cents(100), every: 'month' as const }
  const paid = plan('paid', [session(0n)], { grants: [credit] })
  const books = new Books({ plan: paid, isExtraUsageOn: true })
  books.postIncluded()
  books.seat(paid.id)
  assert.equal(books.figures().extraUsage.balanceNanos, cents(100))
  books.spend(30)
  books.nowMs = Date.UTC(2026, 11, 1)
  assert.equal(books.figures().extraUsage.balanceNanos, 0n)

  books.postIncluded()

  assert.equal(books.figures().extraUsage.balanceNanos, cents(100))
})

test('W5: changing the plan and back posts no included credit of the month again', () => {
  const credit = { id: 'credit', amountNanos: cents(100), every: 'month' as const }
  const paid = plan('paid', [session(0n)], { grants: [credit] })
  const books = new Books({ plan: paid, isExtraUsageOn: true })
  books.publish(plan('other', [session(0n)]))
  books.spend(30)

  books.seat(plan('other', []).id)
  books.seat(paid.id)

  assert.equal(books.figures().extraUsage.balanceNanos, cents(70))
  assert.equal(books.entries.filter(({ body }) => body.kind === 'granted').length, 1)
})

test('W5: several included credits of one month end and begin without touching each other', () => {
  const grants = ['credit', 'bonus'].map((id) => ({
    id,
    amountNanos: cents(100),
    every: 'month' as const,
  }))
  const books = new Books({ plan: plan('paid', [session(0n)], { grants }), isExtraUsageOn: true })
  books.nowMs = Date.UTC(2026, 11, 1)
  books.postIncluded()

  for (const grant of books.customer.grants.values()) {
    assert.ok(grant.availableNanos >= 0n)
    assert.equal(grant.availableNanos + grant.expiredNanos, cents(100))
  }
  assert.equal(books.customer.grants.size, 4)
  assert.equal(books.figures().extraUsage.balanceNanos, cents(200))
})

test('W5: included credits whose plan, name and member read alike are different credits', () => {
  const credit = (id: string): IncludedGrant => ({ id, amountNanos: cents(100), every: 'once' })
  const books = new Books({ plan: plan('a', [], { grants: [credit('x_y')] }) })
  books.publish(plan('a_x', [], { grants: [credit('y')] }))
  books.seat(plan('a_x', []).id, ada)

  assert.equal(books.customer.grants.size, 2)
})

test('D16: a limit keeps its unit for good, also by way of a plan without it', () => {
  const books = new Books({ plan: small })
  books.publish(plan('small', []))

  assert.throws(
    () =>
      books.publish(
        plan('small', [
          limit({
            id: 'week',
            amount: 5n,
            unit: 'tokens',
            shape: { kind: 'session', lengthMs: hour },
          }),
        ]),
      ),
    /counted money before/,
  )
})

test('publishing the same plan again writes nothing', () => {
  const books = new Books({ plan: small })
  const before = books.entries.length
  books.publish(small)

  assert.equal(books.entries.length, before)
})

test('W4: at its very end, or with nothing used, a window has nothing to give back', () => {
  const books = new Books({ plan: small })
  books.hold()
  const credit = () => creditWindow(books.account(), { limitId: limitId('session') }, books.moment)
  assert.equal(credit(), undefined)
  books.spend(10)
  assert.notEqual(credit(), undefined)
  books.nowMs = startMs + 5 * hour

  assert.equal(credit(), undefined)
})

test('each kind of grant says where its money comes from', () => {
  const included = { id: 'credit', amountNanos: cents(100), every: 'once' as const }
  const books = new Books({ plan: plan('paid', [], { grants: [included] }) })
  books.topUp(cents(5))
  const sources = books.entries
    .filter((entry) => entry.body.kind === 'granted')
    .map((entry) => entry.legs[0]?.from)

  assert.deepEqual(sources, ['plan', 'payments'])
})

test('the retry time knows the credit that the next month brings, and that two may be needed', () => {
  for (const count of [1, 2]) {
    const grants = Array.from({ length: count }, (_none, index) => ({
      id: `credit${index}`,
      amountNanos: cents(12) / BigInt(count),
      every: 'month' as const,
    }))
    const books = new Books({ plan: plan('paid', [session(0n)], { grants }), isExtraUsageOn: true })
    books.spend(12)

    const decision = books.ask()

    assert.equal(
      decision.kind === 'deny' ? decision.denial.extraUsageReason : null,
      'balance_too_low',
    )
    assert.equal(decision.kind === 'deny' ? decision.denial.retryAtMs : null, Date.UTC(2026, 11, 1))
  }
})

test('W3: weekly windows follow the civil clock through both daylight-saving changes', () => {
  const shape = {
    kind: 'week',
    anchor: { weekday: 7, hour: 2, minute: 30 },
    zone: 'Europe/Berlin',
  } as const
  // 2026-03-29 02:30 does not exist in Berlin: the first valid instant is 03:00, which is 01:00 UTC.
  const gap = calendarBounds(shape, Date.UTC(2026, 2, 29, 12))
  // 2026-10-25 02:30 happens twice: the earlier is 00:30 UTC.
  const overlap = calendarBounds({ ...shape }, Date.UTC(2026, 9, 25, 12))

  assert.equal(gap.startMs, Date.UTC(2026, 2, 29, 1))
  assert.equal(overlap.startMs, Date.UTC(2026, 9, 25, 0, 30))
  assert.equal(overlap.endMs - overlap.startMs, 7 * day + hour)
})

test('W3: every instant of two years lies in exactly one instance of each shape', () => {
  const anchor = { weekday: 7, hour: 2, minute: 30 }
  for (const zone of ['Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'UTC']) {
    for (const kind of ['week', 'day', 'month'] as const) {
      const shape = kind === 'week' ? { kind, anchor, zone } : { kind, zone }
      let atMs = Date.UTC(2026, 0, 1)
      while (atMs < Date.UTC(2028, 0, 1)) {
        const bounds = calendarBounds({ ...shape }, atMs)
        assert.ok(bounds.startMs <= atMs && atMs < bounds.endMs)
        assert.equal(calendarBounds({ ...shape }, bounds.endMs - 1).startMs, bounds.startMs)
        assert.equal(calendarBounds({ ...shape }, bounds.endMs).startMs, bounds.endMs)
        atMs = bounds.endMs
      }
    }
  }
})

test('the running limit of a member counts open holds and says retry, not out', () => {
  const books = new Books({ plan: plan('p', [session(cents(1000))], { runningMax: 2 }) })
  books.hold()
  books.hold()

  const decision = books.ask({ by: ada })

  assert.equal(decision.kind === 'deny' ? decision.denial.reason : null, 'running_limit')
})

const sessionSince = (sinceMs: number, hours: number): ShapeChange => ({
  sinceMs,
  shape: { kind: 'session', lengthMs: hours * hour },
})

test('W1: of two changes of a shape in one moment the later takes the place of the one that waits', () => {
  const first: ShapeChange = { sinceMs: 0, shape: { kind: 'month', zone: 'UTC' } }
  const later = sessionSince(startMs, 2)
  assert.deepEqual(withShape([first, sessionSince(startMs, 1)], later), [first, later])
  // One that counts at once has counted, if only for this moment.
  const daily: ShapeChange = { sinceMs: startMs, shape: { kind: 'day', zone: 'UTC' } }
  const started = [sessionSince(0, 1), daily]
  assert.deepEqual(withShape(started, later), [...started, later])
})

test('W1: a limit keeps its first shape, also where the clock has gone back behind it', () => {
  const shapes = [sessionSince(startMs, 1), sessionSince(startMs + hour, 2)]
  const asked = sessionSince(startMs - hour, 3)
  assert.deepEqual(withShape(shapes, asked), [shapes[0], asked])
})
