import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitId } from '../../src/core/ids.ts'
import { jumpsLeft } from '../../src/core/clock-jumps.ts'
import { Books, cents, day, hour, limit, minute, plan, session, startMs, week } from './books.ts'

/** What a jump that was wrong does, and what its correction brings back: docs/decisions/0010. */
const small = plan('small', [session(cents(100)), week(cents(1000))])
const toNewYear = Date.UTC(2027, 0, 1, 12) - startMs

test('W3: a correction brings back the instances that ran before, with what was used in them', () => {
  const books = new Books({ plan: small })
  books.spend(70)
  const before = books.figures().limits
  books.jump(toNewYear)
  books.spend(90)
  assert.equal(books.figures().limits[1]?.used, cents(90))

  books.correct(minute)

  assert.deepEqual(books.figures().limits, before)
  books.spend(20)
  assert.deepEqual(
    books.figures().limits.map(({ used, resetMs }) => [used, resetMs]),
    before.map(({ resetMs }) => [cents(90), resetMs]),
  )
})

test('W3, D16: a change of plan by the wrong time takes no instance of before from its correction', () => {
  const monthly = limit({ id: 'month', amount: cents(5000), shape: { kind: 'month', zone: 'UTC' } })
  const limits = [week(cents(1000)), monthly]
  const books = new Books({ plan: plan('small', limits) })
  const large = plan('large', limits)
  books.publish(large)
  books.spend(70)
  const before = books.figures().limits
  books.jump(toNewYear)

  books.seat(large.id)
  books.correct(minute)

  assert.deepEqual(books.figures().limits, before)
})

test('W3: a week that was used ahead of time waits for its time, and is then what it was', () => {
  const books = new Books({ plan: plan('p', [week(cents(100))]) })
  books.jump(7 * day)
  books.spend(100)
  const ahead = books.figures().limits[0]
  books.correct(minute)
  books.spend(100)

  const decision = books.ask()
  books.nowMs += 7 * day

  assert.deepEqual(books.figures().limits[0], ahead)
  // Not this week's end is promised, where the next one is used up, but the end of that.
  assert.equal(decision.kind === 'deny' ? decision.denial.retryAtMs : 0, ahead?.resetMs)
  books.nowMs = ahead?.resetMs ?? 0
  assert.equal(books.ask().kind, 'allow')
})

test('W3: a settle after the correction belongs to the window that admitted it', () => {
  const books = new Books({ plan: small })
  books.jump(toNewYear)
  const ahead = books.hold()
  books.correct(minute)
  books.spend(10)

  books.settle(ahead, { output: 60 })

  assert.equal(books.figures().limits[1]?.used, cents(10))
  books.nowMs = startMs + toNewYear + minute
  assert.equal(books.figures().limits[1]?.used, cents(60))
})

test('L6: credit that expired by the wrong clock is there again until it ends, and adds up at each step', () => {
  const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true })
  books.topUp(cents(100), { expiresAtMs: startMs + 10 * day, priority: 20 })
  books.topUp(cents(50))
  books.jump(toNewYear)
  books.spend(30)
  assert.equal(books.figures().extraUsage.balanceNanos, cents(20))

  books.correct(minute)

  assert.equal(books.figures().extraUsage.balanceNanos, cents(120))
  books.spend(110)
  for (const grant of books.customer.grants.values()) {
    const { availableNanos, heldNanos, spentNanos, expiredNanos, grantedNanos } = grant
    assert.ok([availableNanos, heldNanos, spentNanos, expiredNanos].every((part) => part >= 0n))
    assert.equal(availableNanos + heldNanos + spentNanos + expiredNanos, grantedNanos)
  }
  assert.equal(books.figures().extraUsage.balanceNanos, cents(10))
  books.nowMs = startMs + 10 * day
  assert.equal(books.figures().extraUsage.balanceNanos, cents(10))
})

test('O2: a cap of this month is not given anew by a jump and its correction', () => {
  const cap = { kind: 'capped', amountNanos: cents(60) } as const
  const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true, cap })
  books.topUp(cents(1000))
  books.spend(40)
  books.jump(toNewYear)
  books.spend(50)
  books.correct(minute)

  const { extraUsage } = books.figures()

  assert.deepEqual([extraUsage.spentNanos, extraUsage.memberSpentNanos], [cents(40), cents(40)])
  books.spend(20, { maxTokens: 20 })
  assert.equal(books.ask({ maxTokens: 1 }).kind, 'deny')
  books.nowMs = Date.UTC(2027, 0, 2)
  assert.equal(books.figures().extraUsage.spentNanos, cents(50), 'what was charged ahead')
})

test('W3: included credit of each month is posted once, whichever month came first', () => {
  const credit = { id: 'credit', amountNanos: cents(100), every: 'month' as const }
  const books = new Books({ plan: plan('paid', [session(0n)], { grants: [credit] }) })
  books.jump(Date.UTC(2027, 2, 3) - startMs)
  books.postIncluded()
  books.correct(minute)
  const months = (): string[] => [...books.customer.grants.keys()].map((id) => id.slice(4, 11))

  for (const month of [10, 11, 12, 13, 14, 15]) {
    books.nowMs = Date.UTC(2026, month, 20)
    books.postIncluded()
  }

  const due = ['2026-11', '2026-12', '2027-01', '2027-02', '2027-03', '2027-04']
  assert.deepEqual(months().toSorted(), due)
})

test('W3: included credit that is used up is not posted again, neither by a correction nor when a month of the wrong clock comes', () => {
  const credit = { id: 'credit', amountNanos: cents(100), every: 'month' as const }
  const books = new Books({
    plan: plan('paid', [session(0n)], { grants: [credit] }),
    isExtraUsageOn: true,
  })
  const posted = (): bigint => {
    books.postIncluded()
    return books.figures().extraUsage.balanceNanos
  }
  books.spend(100)
  books.jump(45 * day)
  assert.equal(posted(), cents(100))
  books.spend(100)

  books.correct(minute)

  assert.equal(posted(), 0n, 'the month that goes on')
  books.nowMs = Date.UTC(2026, 11, 20)
  assert.equal(posted(), cents(100), 'a month that the wrong clock passed over')
  books.nowMs = Date.UTC(2027, 0, 20)
  assert.equal(posted(), 0n, 'the month that the wrong clock was in')
  books.nowMs = Date.UTC(2027, 1, 20)
  assert.equal(posted(), cents(100), 'the month after it')
})

test('W3: a shape that was changed ahead of time counts from then, and until then the old one has its length', () => {
  const books = new Books({ plan: small })
  books.jump(toNewYear)
  const weekly = limit({
    id: 'session',
    amount: cents(100),
    shape: { kind: 'week', anchor: { weekday: 1, hour: 0, minute: 0 }, zone: 'UTC' },
  })
  books.publish(plan('small', [weekly, week(cents(1000))]))
  books.correct(minute)

  books.spend(100)

  const [shown] = books.figures().limits
  assert.equal((shown?.resetMs ?? 0) - (shown?.startMs ?? 0), 5 * hour)
  assert.equal(books.ask().kind, 'deny')
})

test('W4: a gifted reset makes good a window that was used up ahead of time', () => {
  const books = new Books({ plan: plan('p', [week(cents(100))]) })
  books.jump(7 * day)
  books.spend(100)
  books.correct(minute)
  books.nowMs += 7 * day
  assert.equal(books.ask().kind, 'deny')

  books.giftReset(limitId('week'))

  assert.equal(books.ask().kind, 'allow')
})

test('W3: what was kept for a correction is forgotten once none can reach it', () => {
  const books = new Books({ plan: small })
  books.spend(10)
  books.jump(8 * day)
  books.spend(10)
  assert.ok(books.member().keptWindows.length > 0)

  for (let count = 0; count < 10; count += 1) {
    books.nowMs += 15 * day
    books.jump(hour)
    books.spend(10)
  }

  assert.ok(books.member().keptWindows.length <= 4, `${books.member().keptWindows.length} kept`)
})

test('what is left of a jump may end at the very moment that the clock went back to', () => {
  const wrong = { fromMs: 0, toMs: 100 * minute }
  const back = { fromMs: 100 * minute, toMs: 40 * minute }
  assert.deepEqual(jumpsLeft([wrong], back), [{ fromMs: 0, toMs: 40 * minute }])
  const small = { fromMs: 0, toMs: minute }
  const later = { fromMs: minute, toMs: 100 * minute }
  const behind = { fromMs: 100 * minute, toMs: minute }
  assert.deepEqual(jumpsLeft([small, later], behind), [small])
})
