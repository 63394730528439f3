import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  Books,
  ben,
  cents,
  day,
  hour,
  limit,
  minute,
  plan,
  session,
  startMs,
  week,
} from '../../test/rules/books.ts'
import {
  exceptLimit,
  openCustomer,
  setAutoReload,
  setStandingOrder,
  setStatus,
} from './commands.ts'
import type { Denial } from './decision.ts'
import { limitId } from './ids.ts'
import type { Plan } from './plan.ts'

const december = Date.UTC(2026, 11, 1)
const january = Date.UTC(2027, 0, 1)
/** A plan that pays nothing, ever: whatever comes is asked of the wallet. */
const empty = plan('empty', [session(0n)])

function denial(books: Books, asked: Parameters<Books['ask']>[0] = {}): Denial {
  const decision = books.ask(asked)
  assert.ok(decision.kind === 'deny')
  return decision.denial
}

const wallet = (of: Plan = empty): Books => new Books({ plan: of, isExtraUsageOn: true })

const capped = (amount: number) => ({ kind: 'capped', amountNanos: cents(amount) }) as const

/** The same customer with its months in another zone. */
function inZone(books: Books, zone: string): Books {
  const { moment } = books
  const terms = { isExtraUsageOn: true, cap: { kind: 'unlimited' }, isStrict: false } as const
  const bounds = { overrunMaxNanos: cents(100_000), runningMax: 100 }
  books.shared(openCustomer({ zone, ...terms, ...bounds }, moment))
  return books
}

describe('a refusal before the plan is looked at', () => {
  test('says to retry in two seconds where only running requests are in the way', () => {
    const books = new Books({ plan: plan('one', [session(cents(100))], { runningMax: 1 }) })
    books.hold()
    const { reason, remedies, retryAtMs, binding, extraUsageReason, neededNanos, model } =
      denial(books)
    assert.deepEqual(
      { reason, remedies, retryAtMs, binding, extraUsageReason, neededNanos, model },
      {
        reason: 'running_limit',
        remedies: ['retry_shortly'],
        retryAtMs: startMs + 2000,
        binding: [],
        extraUsageReason: null,
        neededNanos: null,
        model: 'test-model',
      },
    )
  })

  test('names the operator where nothing that the caller does helps', () => {
    const inactive = wallet()
    inactive.own(setStatus({ scope: 'member', isActive: false }, inactive.moment))
    const closed = wallet()
    closed.shared(setStatus({ scope: 'customer', isActive: false }, closed.moment))
    const unpriced = wallet()
    unpriced.system.prices.clear()
    const found = [inactive, closed, unpriced].map((books) => {
      const { reason, remedies, retryAtMs } = denial(books)
      return [reason, remedies, retryAtMs]
    })
    assert.deepEqual(found, [
      ['member_inactive', ['ask_operator'], null],
      ['customer_inactive', ['ask_operator'], null],
      ['model_unpriced', ['ask_operator'], null],
    ])
  })
})

describe('D15: when a plan has room again', () => {
  test('is when the last of its closed limits resets, and that one is named first', () => {
    const books = new Books({ plan: plan('p', [session(cents(10)), week(cents(10))]) })
    books.spend(10)

    const { binding, retryAtMs, remedies } = denial(books)

    assert.deepEqual(
      binding.map((bound) => bound.limitId),
      ['week', 'session'],
    )
    assert.equal(retryAtMs, Date.UTC(2026, 10, 23))
    assert.deepEqual(remedies, ['turn_on_extra_usage', 'top_up', 'wait_for_reset'])
  })

  test('is never where a limit is zero for good', () => {
    const books = new Books({ plan: plan('p', [week(cents(10)), session(0n)]) })
    const { binding, retryAtMs, remedies } = denial(books)
    assert.deepEqual(
      binding.map((bound) => bound.limitId),
      ['session'],
    )
    assert.equal(retryAtMs, null)
    assert.deepEqual(remedies, ['turn_on_extra_usage', 'top_up'])
  })

  test('keeps the order of the plan among limits that reset together, or never', () => {
    const two = [
      limit({ id: 'b', amount: 0n, shape: { kind: 'day', zone: 'UTC' } }),
      limit({ id: 'a', amount: 0n, shape: { kind: 'month', zone: 'UTC' } }),
      limit({ id: 'c', amount: 0n, shape: { kind: 'session', lengthMs: hour } }),
    ]
    assert.deepEqual(
      denial(new Books({ plan: plan('p', two) })).binding.map((bound) => bound.limitId),
      ['b', 'a', 'c'],
    )
  })

  test('counts what is held as used, so a request that runs keeps its room until it ends', () => {
    const books = new Books({ plan: plan('p', [week(cents(20))]) })
    books.spend(15)
    books.hold({ maxTokens: 100 })
    // Alone it would pass, so it is told to wait a moment.
    const { reason, retryAtMs, remedies } = denial(books)
    assert.deepEqual([reason, retryAtMs, remedies], ['reserved', startMs + 2000, ['retry_shortly']])
  })

  test('counts what is held until the reset, where something else keeps the request out as well', () => {
    const daily = limit({ id: 'day', amount: cents(20), shape: { kind: 'day', zone: 'UTC' } })
    const books = new Books({ plan: plan('p', [daily, week(cents(30))]) })
    books.hold()
    books.settle(books.hold(), { output: 25 })
    // Alone the week has room, the day has none; tomorrow the week is still held.
    const { reason, retryAtMs } = denial(books)
    assert.deepEqual([reason, retryAtMs], ['limit_reached', Date.UTC(2026, 10, 23)])
  })

  test('is the end of an exception that gave less, where that comes before the reset', () => {
    const books = new Books({ plan: plan('p', [week(cents(100))]) })
    books.spend(50)
    const exception = { amount: cents(10), untilMs: startMs + day }
    books.own(exceptLimit({ limitId: limitId('week'), unit: 'money', exception }, books.moment))
    assert.equal(denial(books).retryAtMs, startMs + day)

    // An exception of zero outlives a reset, and then its own end is the moment.
    const longer = { amount: 0n, untilMs: startMs + 20 * day }
    books.own(
      exceptLimit({ limitId: limitId('week'), unit: 'money', exception: longer }, books.moment),
    )
    assert.equal(denial(books).retryAtMs, startMs + 20 * day)
  })

  test('waits for a limit that is open now and closes when its exception ends', () => {
    const small = plan('p', [
      limit({ id: 'month', amount: cents(10), shape: { kind: 'month', zone: 'UTC' } }),
      limit({ id: 'session', amount: cents(100), shape: { kind: 'session', lengthMs: 5 * hour } }),
    ])
    const books = new Books({ plan: small })
    const exception = { amount: cents(1000), untilMs: startMs + hour }
    books.own(exceptLimit({ limitId: limitId('month'), unit: 'money', exception }, books.moment))
    books.spend(100)

    const { binding, retryAtMs } = denial(books)

    assert.deepEqual(
      binding.map((bound) => bound.limitId),
      ['session'],
    )
    assert.equal(retryAtMs, december)
  })
})

describe('D15: when the wallet can pay again', () => {
  test('is the end of the month that frees the cap, of customer or member', () => {
    for (const own of [false, true]) {
      const books = wallet()
      books.topUp(cents(500))
      if (own) books.capMember(capped(20))
      else books.cap(capped(20))
      books.spend(15)
      const { extraUsageReason, retryAtMs, remedies, neededNanos } = denial(books, {
        maxTokens: 10,
      })
      assert.deepEqual(
        { extraUsageReason, retryAtMs, remedies, neededNanos },
        {
          extraUsageReason: own ? 'member_cap_reached' : 'cap_reached',
          retryAtMs: december,
          remedies: [own ? 'raise_member_spend_cap' : 'raise_spend_cap', 'wait_for_reset'],
          neededNanos: cents(10),
        },
      )
    }
  })

  test('is never by waiting where a switch is off or the request forbids it, whatever month ends', () => {
    const remedy = {
      off_for_customer: 'turn_on_extra_usage',
      off_for_member: 'turn_on_extra_usage_for_member',
      forbidden_by_request: 'allow_extra_usage_in_request',
    } as const
    for (const reason of ['off_for_customer', 'off_for_member', 'forbidden_by_request'] as const) {
      const books = wallet()
      books.topUp(cents(500))
      if (reason === 'off_for_customer') books.toggle(false)
      if (reason === 'off_for_member') books.toggleMember(false)
      const found = denial(books, {
        consent: reason === 'forbidden_by_request' ? 'never' : 'allow',
      })
      assert.deepEqual(
        [found.extraUsageReason, found.retryAtMs, found.remedies],
        [reason, null, [remedy[reason]]],
      )
    }
  })

  test('is never where money is missing, whatever the cap does', () => {
    const books = wallet()
    books.topUp(cents(12))
    books.cap(capped(8))
    books.spend(5, { maxTokens: 5 })
    const { retryAtMs, remedies } = denial(books, { maxTokens: 10 })
    assert.equal(retryAtMs, null)
    assert.deepEqual(remedies, ['raise_spend_cap', 'top_up'])
  })

  test('a cap below what a request needs keeps it out in every month', () => {
    const books = wallet()
    books.topUp(cents(500))
    books.cap(capped(5))
    assert.equal(denial(books).retryAtMs, null)
    books.cap(capped(0))
    assert.equal(denial(books).retryAtMs, null)
  })

  test('is the first of the UTC month where credit comes with the plan, in whatever zone caps count', () => {
    const generous = plan('generous', [session(0n)], {
      grants: [{ id: 'credit', amountNanos: cents(30), every: 'month' }],
    })
    for (const zone of ['UTC', 'America/New_York', 'Pacific/Kiritimati']) {
      const books = inZone(wallet(generous), zone)
      books.spend(25, { maxTokens: 25 })
      assert.equal(denial(books, { maxTokens: 10 }).retryAtMs, december, zone)
      // More than the credit brings is never there.
      books.publish({ ...generous, outputTokensExpected: 40 })
      const dear = denial(books, { maxTokens: 100, isThinking: true })
      assert.deepEqual([dear.neededNanos, dear.retryAtMs], [cents(40), null], zone)
    }
  })

  test('is the end of the cap’s month in the customer’s own zone', () => {
    const books = inZone(wallet(), 'America/New_York')
    books.topUp(cents(500))
    books.cap(capped(20))
    books.spend(15)
    assert.equal(denial(books, { maxTokens: 10 }).retryAtMs, december + 5 * hour)
  })

  test('is the end of the later month, where one was pinned by the zone data of before', () => {
    const books = wallet()
    books.topUp(cents(500))
    books.capMember(capped(20))
    books.spend(15)
    const { spend } = books.member()
    assert.ok(spend !== null)
    spend.endMs = december + hour
    assert.equal(denial(books, { maxTokens: 10 }).retryAtMs, december + hour)
  })

  test('what runs into the next month may still be charged against the next cap', () => {
    const crowded = (nowMs: number): Books => {
      const books = wallet()
      books.nowMs = nowMs
      books.topUp(cents(10_000))
      books.spend(60, { maxTokens: 60 })
      for (let nth = 0; nth < 5; nth += 1) books.hold({ maxTokens: 11 })
      books.grow(books.hold({ maxTokens: 100 }), { output: 5 })
      books.cap(capped(100))
      return books
    }
    const asked = { maxTokens: 100 }
    const inTime = crowded(december - 2 * hour)
    inTime.member().outputs.clear()
    const late = crowded(december - 30 * minute)
    late.member().outputs.clear()
    const needed = plan('needed', [session(0n)], { outputTokensExpected: 50 })
    for (const books of [inTime, late]) {
      books.publish(needed)
      books.seat(needed.id)
    }
    assert.deepEqual(
      [inTime, late].map((books) => denial(books, asked).retryAtMs),
      [december, january],
    )
  })
})

describe('what would help', () => {
  test('is everything that is needed, in one order', () => {
    const books = wallet()
    books.toggle(false)
    books.toggleMember(false)
    books.cap(capped(0))
    books.capMember(capped(0))
    assert.deepEqual(denial(books, { consent: 'never' }).remedies, [
      'turn_on_extra_usage',
      'turn_on_extra_usage_for_member',
      'allow_extra_usage_in_request',
      'raise_spend_cap',
      'raise_member_spend_cap',
      'top_up',
    ])
  })

  test('is to wait for the reload where it brings what is missing, to the cent, and nothing else is', () => {
    const reloading = (amount: number): Books => {
      const books = wallet()
      const [thresholdNanos, amountNanos, monthMaxNanos] = [cents(5), cents(amount), cents(1000)]
      const setting = { kind: 'on', thresholdNanos, amountNanos, monthMaxNanos } as const
      books.shared(setAutoReload({ setting }, books.moment))
      books.shared(setStandingOrder({ monthMaxNanos: cents(1000) }, books.moment))
      books.topUp(cents(4))
      return books
    }
    const asked = { maxTokens: 10 }
    assert.deepEqual(denial(reloading(6), asked).remedies, ['wait_for_reload'])
    assert.deepEqual(denial(reloading(5), asked).remedies, ['top_up'])
    const isCapped = reloading(6)
    isCapped.cap(capped(1))
    assert.deepEqual(denial(isCapped, asked).remedies, ['raise_spend_cap', 'top_up'])
    const isOff = reloading(6)
    isOff.toggleMember(false)
    const both = ['turn_on_extra_usage_for_member', 'top_up']
    assert.deepEqual(denial(isOff, asked).remedies, both)
    const enough = reloading(6)
    enough.topUp(cents(2))
    assert.deepEqual(denial(enough, asked).remedies, ['top_up'])
  })

  test('of a request that others keep out is a moment only, in plan or wallet', () => {
    const books = wallet()
    books.topUp(cents(15))
    books.seat(empty.id, ben)
    books.hold({ by: ben })
    const { reason, extraUsageReason, remedies, retryAtMs, neededNanos } = denial(books)
    assert.deepEqual(
      { reason, extraUsageReason, remedies, retryAtMs, neededNanos },
      {
        reason: 'reserved',
        extraUsageReason: 'balance_too_low',
        remedies: ['retry_shortly'],
        retryAtMs: startMs + 2000,
        neededNanos: cents(10),
      },
    )
  })
})
