import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bookReload,
  refuseReload,
  reloadChangesMs,
  reloadState,
  standingOrderRefusal,
  type ReloadNeed,
} from '../../src/core/auto-reload.ts'
import { setAutoReload, setStandingOrder, setStatus } from '../../src/core/commands.ts'
import { Books, cents, day, plan, session, week } from './books.ts'

/** Extra usage pays for everything: twenty dollars when less than five are available, at most fifty a month. */
function reloading(more: { readonly isExtraUsageOn?: boolean } = {}): Books {
  const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true, ...more })
  const setting = {
    kind: 'on',
    thresholdNanos: cents(500),
    amountNanos: cents(2000),
    monthMaxNanos: cents(5000),
  } as const
  books.shared(setAutoReload({ setting }, books.moment))
  books.shared(setStandingOrder({ monthMaxNanos: cents(100_000) }, books.moment))
  return books
}

const stateOf = (books: Books) => reloadState(books.customer, books.nowMs)

function needOf(books: Books): ReloadNeed {
  const state = stateOf(books)
  assert.ok(state.kind === 'due')
  return state.need
}

const book = (books: Books, need = needOf(books)): void =>
  books.shared(bookReload(books.customer, { need, method: 'operator_grant' }, books.moment))

test('O9: a reload is due exactly while less than the threshold is available, what holds keep not counted', () => {
  const books = reloading()
  books.topUp(cents(510))
  const before = stateOf(books).kind
  const held = books.hold({ maxTokens: 100 })
  books.settle(held, { output: 10 })
  const at = stateOf(books).kind
  books.hold({ maxTokens: 100 })

  assert.deepEqual([before, at, stateOf(books).kind], ['ready', 'ready', 'due'])
})

test('O9: the same reload is booked once, however often it is asked for', () => {
  const books = reloading()
  const need = needOf(books)

  book(books, need)
  book(books, need)

  assert.equal(books.figures().extraUsage.balanceNanos, cents(2000))
  assert.equal(stateOf(books).kind, 'ready')
})

test("O9: reloads of a month never exceed its maximum, and the next month's are its own", () => {
  const books = reloading()
  for (let count = 0; count < 2; count += 1) {
    book(books)
    for (let spent = 0; spent < 20; spent += 1) books.spend(100)
  }

  const stopped = stateOf(books)
  books.nowMs += 14 * day

  assert.deepEqual(stopped, {
    kind: 'stopped',
    reason: 'month_max_reached',
    sinceMs: null,
    need: null,
  })
  assert.equal(needOf(books).number, 1)
})

test('O9: a reload that is asked for is not booked once it is off, raised or lowered', () => {
  for (const change of [
    (books: Books) => books.shared(setAutoReload({ setting: { kind: 'off' } }, books.moment)),
    (books: Books) => books.toggle(false),
    (books: Books) => books.topUp(cents(500)),
    (books: Books) => books.shared(setStandingOrder({ monthMaxNanos: cents(1999) }, books.moment)),
  ]) {
    const books = reloading()
    const need = needOf(books)
    change(books)
    const position = books.entries.length

    book(books, need)

    assert.equal(books.entries.length, position)
  }
})

test('O3: with extra usage off nothing reloads, and the switch alone neither starts nor ends auto-reload', () => {
  const books = reloading()
  books.toggle(false)
  const off = stateOf(books)
  books.toggle(true)

  assert.equal(off.kind === 'stopped' && off.reason, 'extra_usage_off')
  assert.equal(stateOf(books).kind, 'due')
  assert.equal(books.customer.autoReload.kind, 'on')
})

test('a paused account reloads nothing until it is resumed', () => {
  const books = reloading()
  books.shared(setStatus({ scope: 'customer', isActive: false }, books.moment))

  const state = stateOf(books)

  assert.equal(state.kind === 'stopped' && state.reason, 'customer_inactive')
})

test('the standing order pays up to its amount a month, and not a cent more', () => {
  const books = reloading()
  books.shared(setStandingOrder({ monthMaxNanos: cents(2500) }, books.moment))
  const first = standingOrderRefusal(books.customer, cents(2000), books.nowMs)
  book(books)
  const second = standingOrderRefusal(books.customer, cents(2000), books.nowMs)
  books.shared(setStandingOrder({ monthMaxNanos: 0n }, books.moment))
  const none = standingOrderRefusal(books.customer, 1n, books.nowMs)

  assert.deepEqual(
    [first, second, none],
    [null, 'standing_order_used_up', 'standing_order_missing'],
  )
})

test('O9: a refusal is told with its moment, noted once, and forgotten when money comes in, a setting changes or the month ends', () => {
  const refuse = (books: Books): number => {
    const need = needOf(books)
    const asked = { need, method: 'operator_grant', reason: 'standing_order_used_up' } as const
    for (let count = 0; count < 3; count += 1) {
      books.shared(refuseReload(books.customer, asked, books.moment))
    }
    return books.entries.filter(({ body }) => body.kind === 'reload_refused').length
  }
  for (const change of [
    (books: Books) => books.topUp(cents(100)),
    (books: Books) => books.shared(setStandingOrder({ monthMaxNanos: cents(1) }, books.moment)),
    (books: Books) => {
      books.nowMs += 14 * day
    },
  ]) {
    const books = reloading()
    const noted = refuse(books)
    const { stop } = books.figures().extraUsage.autoReload
    const { nowMs: sinceMs } = books

    change(books)

    assert.equal(noted, 1)
    assert.deepEqual(stop, { reason: 'standing_order_used_up', sinceMs })
    assert.equal(stateOf(books).kind, 'due')
  }
})

test('D15: a refusal says that a reload is coming where it is due and brings what is missing, and else does not', () => {
  const remedies = (books: Books, maxTokens = 100) => {
    const decision = books.ask({ maxTokens })
    assert.ok(decision.kind === 'deny')
    return decision.denial.remedies
  }
  const due = reloading()
  const off = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true })
  const refused = reloading()
  const asked = { need: needOf(refused), method: 'operator_grant' } as const
  refused.shared(
    refuseReload(refused.customer, { ...asked, reason: 'standing_order_missing' }, refused.moment),
  )
  const capped = reloading()
  capped.cap({ kind: 'capped', amountNanos: 0n })
  const strict = new Books({ plan: plan('q', [week(0n)]), isExtraUsageOn: true, isStrict: true })
  strict.shared(
    setAutoReload(
      {
        setting: {
          kind: 'on',
          thresholdNanos: 1n,
          amountNanos: cents(10),
          monthMaxNanos: cents(100),
        },
      },
      strict.moment,
    ),
  )

  assert.deepEqual(remedies(due), ['wait_for_reload'])
  assert.deepEqual(remedies(off), ['top_up'])
  assert.deepEqual(remedies(refused), ['top_up'])
  assert.ok(!remedies(capped).includes('wait_for_reload'))
  assert.deepEqual(remedies(strict), ['top_up'], 'a reload that is too small is no way out')
})

test('W3: a clock that goes back to a month counts what that month had reloaded', () => {
  const books = reloading()
  book(books)
  books.jump(14 * day)
  for (let spent = 0; spent < 20; spent += 1) books.spend(100)
  book(books)
  const ahead = books.figures().extraUsage.autoReload.reloadedNanos
  books.correct(1000)

  const { reloadedNanos, reloadCount } = books.figures().extraUsage.autoReload

  assert.equal(ahead, cents(2000))
  assert.deepEqual([reloadedNanos, reloadCount], [cents(2000), 1])
})

test('O9: no money is taken that the spend cap lets nobody spend in this month', () => {
  const books = reloading()
  books.topUp(cents(400))
  books.cap({ kind: 'capped', amountNanos: cents(300) })
  const stopped = stateOf(books)
  books.cap({ kind: 'capped', amountNanos: cents(401) })
  const raised = stateOf(books).kind
  books.cap({ kind: 'capped', amountNanos: cents(300) })
  books.nowMs += 14 * day
  const nextMonth = stateOf(books)

  assert.deepEqual(stopped, {
    kind: 'stopped',
    reason: 'spend_cap_reached',
    sinceMs: null,
    need: null,
  })
  assert.equal(raised, 'due')
  assert.equal(nextMonth.kind, 'stopped', 'more is available than a whole month may cost')
})

test('O9: a cap that is used up lets a reload wait for the next month', () => {
  const books = reloading()
  books.topUp(cents(600))
  books.cap({ kind: 'capped', amountNanos: cents(500) })
  for (let spent = 0; spent < 5; spent += 1) books.spend(100)
  const used = stateOf(books)
  const changesMs = reloadChangesMs(books.customer, books.nowMs)
  books.nowMs = changesMs

  assert.equal(used.kind === 'stopped' && used.reason, 'spend_cap_reached')
  assert.equal(stateOf(books).kind, 'due')
})
