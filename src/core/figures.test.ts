import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  Books,
  cents,
  day,
  hour,
  limit,
  plan,
  session,
  startMs,
  week,
} from '../../test/rules/books.ts'
import { exceptLimit, setAutoReload, setStandingOrder } from './commands.ts'
import type { LimitFigures } from './decision.ts'
import {
  autoReloadFigures,
  figuresAfterHold,
  figuresOf,
  limitFigures,
  roomAgainMs,
} from './figures.ts'
import { limitId, planId } from './ids.ts'

const monday = Date.UTC(2026, 10, 16)
const nextMonday = Date.UTC(2026, 10, 23)
const december = Date.UTC(2026, 11, 1)

test('D18: the figures of a member are those of its plan, wallet and running requests, at one position', () => {
  const shape = { kind: 'session', lengthMs: hour } as const
  const limits = [week(cents(100)), limit({ id: 's', amount: 5n, shape, models: ['test-'] })]
  const books = new Books({ plan: plan('p', limits, { name: 'Pro', runningMax: 7 }) })
  books.spend(20)

  const figures = figuresOf(books.account(), { nowMs: startMs, position: 41 })

  const { extraUsage, ...rest } = figures
  assert.deepEqual(rest, {
    customerId: 'cus_test',
    memberId: 'ada',
    position: 41,
    atMs: startMs,
    planName: 'Pro',
    limits: [
      {
        limitId: 'week',
        windowKind: 'week',
        unit: 'money',
        used: cents(20),
        held: 0n,
        amount: cents(100),
        exception: null,
        startMs: monday,
        resetMs: nextMonday,
        models: null,
      },
      {
        limitId: 's',
        windowKind: 'session',
        unit: 'money',
        used: cents(20),
        held: 0n,
        amount: 5n,
        exception: null,
        startMs,
        resetMs: startMs + hour,
        models: ['test-'],
      },
    ],
    runningCount: 0,
    runningMax: 7,
  })
  assert.equal(extraUsage.isOnForMember, true)
})

test('a member whose plan is not known has no limit, runs nothing, and is shown the plan’s id', () => {
  const books = new Books({ plan: plan('p', [session(1n)]) })
  books.member().planId = planId('gone')
  const { planName, limits, runningMax } = books.figures()
  assert.deepEqual(
    { planName, limits, runningMax },
    { planName: 'gone', limits: [], runningMax: 0 },
  )
})

test('extra usage is shown as balance, what is held of it, what was spent, and caps, each on its own', () => {
  const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true })
  books.topUp(cents(100))
  books.spend(4, { maxTokens: 10 })
  books.hold({ maxTokens: 100, isThinking: true })
  const { autoReload: _autoReload, ...open } = books.figures().extraUsage
  assert.deepEqual(open, {
    isOnForCustomer: true,
    isOnForMember: true,
    balanceNanos: cents(96),
    heldNanos: cents(10),
    spentNanos: cents(4),
    capNanos: null,
    memberSpentNanos: cents(4),
    memberHeldNanos: cents(10),
    memberCapNanos: null,
    capResetMs: december,
  })
  books.cap({ kind: 'capped', amountNanos: cents(50) })
  books.capMember({ kind: 'capped', amountNanos: cents(40) })
  const { capNanos, memberCapNanos } = books.figures().extraUsage
  assert.deepEqual([capNanos, memberCapNanos], [cents(50), cents(40)])
})

test('O9: auto-reload is shown with its setting, what it did this month, and why it stopped', () => {
  const books = new Books({ plan: plan('p', [session(0n)]) })
  const shown = () => autoReloadFigures(books.customer, books.nowMs)
  assert.deepEqual(shown(), {
    setting: { kind: 'off' },
    state: 'off',
    stop: null,
    reloadedNanos: 0n,
    reloadCount: 0,
    monthEndMs: december,
    standingOrderNanos: 0n,
  })
  const setting = {
    kind: 'on',
    thresholdNanos: cents(5),
    amountNanos: cents(20),
    monthMaxNanos: cents(40),
  } as const
  books.shared(setAutoReload({ setting }, books.moment))
  books.shared(setStandingOrder({ monthMaxNanos: cents(30) }, books.moment))
  assert.deepEqual(shown(), {
    setting,
    state: 'stopped',
    stop: { reason: 'extra_usage_off', sinceMs: null },
    reloadedNanos: 0n,
    reloadCount: 0,
    monthEndMs: december,
    standingOrderNanos: cents(30),
  })
})

test('an instance that nobody used yet shows its bounds and nothing used of the one before', () => {
  const books = new Books({ plan: plan('p', [week(cents(100))]) })
  books.spend(20)
  books.nowMs = nextMonday
  const shown = limitFigures(week(cents(100)), books.member(), books.nowMs)
  assert.deepEqual(
    [shown.used, shown.held, shown.startMs, shown.resetMs],
    [0n, 0n, nextMonday, nextMonday + 7 * day],
  )
})

test('an exception in force is shown with what the plan says, and none once its time is over', () => {
  const books = new Books({ plan: plan('p', [week(cents(100))]) })
  const exception = { amount: null, untilMs: startMs + hour }
  books.own(exceptLimit({ limitId: limitId('week'), unit: 'money', exception }, books.moment))
  const shown = () => books.figures().limits[0]
  assert.deepEqual(
    [shown()?.amount, shown()?.exception],
    [null, { planAmount: cents(100), untilMs: startMs + hour }],
  )
  books.nowMs += hour
  assert.deepEqual([shown()?.amount, shown()?.exception], [cents(100), null])
})

test('D18: figures after a hold are those that the next reader sees, at the position that the entry gets', () => {
  const books = new Books({ plan: plan('p', [session(cents(100)), week(cents(100))]) })
  const windowLegs = [
    { limitId: limitId('session'), unit: 'money', startMs, endMs: startMs + 5 * hour },
  ] as const
  const amounts = { money: cents(10), tokens: 11n, requests: 1n }
  const hold = { windowLegs, amounts, walletNanos: cents(3) }

  const after = figuresAfterHold(books.account(), { nowMs: startMs, position: 9 }, hold)

  const before = books.figures()
  assert.deepEqual([after.position, after.runningCount, after.limits[1]], [10, 1, before.limits[1]])
  assert.deepEqual(after.limits[0], {
    ...before.limits[0],
    startMs,
    resetMs: startMs + 5 * hour,
    held: cents(10),
  })
  assert.deepEqual(
    [after.extraUsage.heldNanos, after.extraUsage.memberHeldNanos],
    [cents(3), cents(3)],
  )
  const moment = { nowMs: startMs, position: 9, nextPosition: 15 }
  assert.equal(figuresAfterHold(books.account(), moment, hold).position, 15)
})

describe('when a limit as it was shown has room again', () => {
  const shown = (more: Partial<LimitFigures>): LimitFigures => ({
    limitId: limitId('week'),
    windowKind: 'week',
    unit: 'money',
    used: 10n,
    held: 0n,
    amount: 10n,
    exception: null,
    startMs: 0,
    resetMs: 1000,
    models: null,
    ...more,
  })

  test('is at once while something of it is left, holds counted, and with its reset otherwise', () => {
    assert.equal(roomAgainMs(shown({ used: 9n }), 500), 500)
    assert.equal(roomAgainMs(shown({ used: 9n, held: 1n }), 500), 1000)
    assert.equal(roomAgainMs(shown({ used: 9n, held: 0n, resetMs: null }), 500), 500)
    assert.equal(roomAgainMs(shown({}), 500), 1000)
    assert.equal(roomAgainMs(shown({}), 1000), 1000)
    // A reset that is over has happened.
    assert.equal(roomAgainMs(shown({}), 1500), 1500)
    assert.equal(roomAgainMs(shown({ amount: null }), 500), 500)
  })

  test('is never where it is zero, or no instance runs that could reset', () => {
    assert.equal(roomAgainMs(shown({ amount: 0n }), 500), Infinity)
    assert.equal(roomAgainMs(shown({ resetMs: null }), 500), Infinity)
  })

  test('is the end of an exception that gives less, or the reset, whichever comes first and helps', () => {
    const less = (planAmount: bigint, untilMs: number | null) => ({
      exception: { planAmount, untilMs },
    })
    assert.equal(roomAgainMs(shown(less(20n, 700)), 500), 700)
    assert.equal(roomAgainMs(shown(less(10n, 700)), 500), 1000)
    assert.equal(roomAgainMs(shown(less(20n, 1700)), 500), 1000)
    assert.equal(roomAgainMs(shown(less(20n, null)), 500), 1000)
    assert.equal(roomAgainMs(shown({ ...less(20n, 1700), amount: 0n }), 500), 1700)
    assert.equal(roomAgainMs(shown({ ...less(20n, 700), amount: 0n }), 500), 700)
    assert.equal(roomAgainMs(shown({ ...less(20n, 300), amount: 0n }), 500), 500)
    assert.equal(roomAgainMs(shown({ ...less(20n, 500), amount: 0n }), 500), 500)
    assert.equal(roomAgainMs(shown({ ...less(0n, 700), amount: 5n, resetMs: null }), 500), Infinity)
    assert.equal(roomAgainMs(shown({ ...less(20n, null), amount: 0n }), 500), Infinity)
  })

  test('is not when an exception ends that gave more', () => {
    const more = { exception: { planAmount: 5n, untilMs: 700 }, amount: 100n, used: 99n }
    assert.equal(roomAgainMs(shown(more), 500), 500)
    assert.equal(roomAgainMs(shown(more), 800), 1000)
  })
})
