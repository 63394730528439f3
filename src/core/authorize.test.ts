import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  Books,
  ada,
  ben,
  centPrice,
  cents,
  day,
  hour,
  limit,
  plan,
  session,
  startMs,
  week,
} from '../../test/rules/books.ts'
import { decide, type Decided } from './authorize.ts'
import { setStatus } from './commands.ts'
import type { AuthorizeRequest } from './decision.ts'
import { bootId, holdId, keyId, planId } from './ids.ts'

const empty = plan('empty', [session(0n)])

const request = (more: Partial<AuthorizeRequest> = {}): AuthorizeRequest => ({
  holdId: holdId('hold'),
  bootId: bootId('boot'),
  keyId: keyId('key'),
  facts: {
    model: 'test-model',
    priceId: centPrice.id,
    inputTokensExpected: 2,
    inputTokensMax: 3,
    maxTokens: 100,
    isThinking: false,
    consent: 'allow',
  },
  holdMaxMs: hour,
  customerRunningCount: 0,
  ...more,
})

const decided = (books: Books, more: Partial<AuthorizeRequest> = {}): Decided =>
  decide(books.account(), request(more), books.moment)

function reason(books: Books, more: Partial<AuthorizeRequest> = {}): string {
  const { decision, draft } = decided(books, more)
  if (decision.kind === 'deny') assert.equal(draft, null)
  return decision.kind === 'deny' ? decision.denial.reason : decision.kind
}

describe('before the plan', () => {
  test('customer and member have to be there and active', () => {
    const books = new Books({ plan: plan('p', [session(cents(100))]) })
    assert.equal(reason(books), 'allow')
    books.customer.isOpen = false
    assert.equal(reason(books), 'customer_inactive')
    books.customer.isOpen = true
    books.customer.isActive = false
    assert.equal(reason(books), 'customer_inactive')
    books.customer.isActive = true
    books.own(setStatus({ scope: 'member', isActive: false }, books.moment))
    assert.equal(reason(books), 'member_inactive')
    books.own(setStatus({ scope: 'member', isActive: true }, books.moment))
    books.member().isSeated = false
    assert.equal(reason(books), 'member_inactive')
    books.member().isSeated = true
    books.member().planId = planId('gone')
    assert.equal(reason(books), 'member_inactive')
  })

  test('as many requests run as the plan says for a member, and the customer for all, and not one more', () => {
    const books = new Books({ plan: plan('p', [session(cents(1000))], { runningMax: 2 }) })
    books.hold()
    assert.equal(reason(books), 'allow')
    books.hold()
    assert.equal(reason(books), 'running_limit')

    const shared = new Books({ plan: plan('p', [session(cents(1000))]) })
    assert.equal(shared.customer.runningMax, 100)
    assert.equal(reason(shared, { customerRunningCount: 99 }), 'allow')
    assert.equal(reason(shared, { customerRunningCount: 100 }), 'running_limit')
  })
})

describe('a hold', () => {
  test('of the plan is kept on each limit in its unit, with everything that explains it', () => {
    const shape = { kind: 'session', lengthMs: hour } as const
    const limits = [
      week(cents(100)),
      limit({ id: 'tokens', amount: 100n, unit: 'tokens', shape }),
      limit({ id: 'asked', amount: 3n, unit: 'requests', shape }),
      limit({ id: 'other', amount: 0n, shape, models: ['other-'] }),
    ]
    const books = new Books({ plan: plan('p', limits) })

    const { decision, draft } = decided(books)

    const monday = Date.UTC(2026, 10, 16)
    const expected = { money: cents(10), tokens: 12n, requests: 1n }
    const windowLegs = [
      { limitId: 'week', unit: 'money', startMs: monday, endMs: Date.UTC(2026, 10, 23) },
      { limitId: 'tokens', unit: 'tokens', startMs, endMs: startMs + hour },
      { limitId: 'asked', unit: 'requests', startMs, endMs: startMs + hour },
    ]
    assert.deepEqual(draft, {
      atMs: startMs,
      legs: [
        { from: 'plan', to: `window:week:${monday}:held`, amount: cents(10), unit: 'money' },
        { from: 'plan', to: `window:tokens:${startMs}:held`, amount: 12n, unit: 'tokens' },
        { from: 'plan', to: `window:asked:${startMs}:held`, amount: 1n, unit: 'requests' },
      ],
      body: {
        kind: 'held',
        holdId: 'hold',
        bootId: 'boot',
        keyId: 'key',
        source: 'plan',
        facts: request().facts,
        bucket: 'test-model|n|6',
        amounts: expected,
        expected,
        worstNanos: cents(100),
        windowLegs,
        grantLegs: [],
        overrunReserveNanos: 0n,
        expiresAtMs: startMs + hour,
      },
    })
    assert.ok(decision.kind === 'allow')
    const { figures, ...allowance } = decision.allowance
    assert.deepEqual(allowance, {
      holdId: 'hold',
      source: 'plan',
      heldNanos: 0n,
      expiresAtMs: startMs + hour,
    })
    assert.deepEqual(
      figures.limits.map(({ held, startMs: from, resetMs }) => [held, from, resetMs]),
      [
        [cents(10), monday, Date.UTC(2026, 10, 23)],
        [12n, startMs, startMs + hour],
        [1n, startMs, startMs + hour],
        [0n, null, null],
      ],
    )
    assert.deepEqual([figures.position, figures.runningCount], [books.moment.position + 1, 1])
  })

  test('of the wallet takes grants in their order, books what has expired, and keeps the rest of its worst case', () => {
    const books = new Books({ plan: empty, isExtraUsageOn: true })
    books.topUp(cents(3), { expiresAtMs: startMs + hour })
    books.topUp(cents(4))
    books.topUp(cents(50))
    books.nowMs += hour

    const { decision, draft } = decided(books)

    assert.deepEqual(draft?.legs, [
      { from: 'grant:g1:available', to: 'grant:g1:expired', amount: cents(3) },
      { from: 'grant:g2:available', to: 'grant:g2:held', amount: cents(4) },
      { from: 'grant:g3:available', to: 'grant:g3:held', amount: cents(6) },
    ])
    assert.ok(draft.body.kind === 'held')
    const { source, amounts, grantLegs, windowLegs, overrunReserveNanos } = draft.body
    assert.deepEqual(
      { source, amounts, grantLegs, windowLegs, overrunReserveNanos },
      {
        source: 'extra_usage',
        amounts: { money: cents(10), tokens: 12n, requests: 1n },
        grantLegs: [
          { grantId: 'g2', amount: cents(4) },
          { grantId: 'g3', amount: cents(6) },
        ],
        windowLegs: [],
        overrunReserveNanos: cents(90),
      },
    )
    assert.ok(decision.kind === 'allow')
    assert.equal(decision.allowance.heldNanos, cents(10))
    const { heldNanos, memberHeldNanos, balanceNanos } = decision.allowance.figures.extraUsage
    assert.deepEqual([heldNanos, memberHeldNanos, balanceNanos], [cents(10), cents(10), cents(54)])
  })

  test('D17: of a free model takes nothing, opens nothing, and runs', () => {
    const books = new Books({ plan: empty })
    const id = books.hold({ model: 'free-model' })
    const hold = books.member().holds.get(id)
    assert.deepEqual([hold?.source, hold?.windowLegs, hold?.grantLegs], ['free', [], []])
    assert.deepEqual(books.entries.at(-1)?.legs, [])
    assert.equal(books.figures().runningCount, 1)
    assert.equal(books.figures().limits[0]?.startMs, null)
  })
})

describe('what the operator may have to absorb', () => {
  const heldOf = (books: Books): bigint => {
    const { decision } = decided(books)
    return decision.kind === 'allow' ? decision.allowance.heldNanos : -1n
  }

  test('bounds what is held below the worst case, to the cent, reserves of running requests counted', () => {
    const books = new Books({ plan: empty, isExtraUsageOn: true, overrunMaxNanos: cents(180) })
    books.topUp(cents(1000))
    books.hold()
    // Ninety are reserved; another ninety come to the bound and do not pass it.
    assert.equal(heldOf(books), cents(10))
    books.hold()
    assert.equal(heldOf(books), cents(100))
    const tight = new Books({ plan: empty, isExtraUsageOn: true, overrunMaxNanos: cents(89) })
    tight.topUp(cents(1000))
    assert.equal(heldOf(tight), cents(100))
  })

  test('a strict customer holds the worst case, and reserves nothing', () => {
    const books = new Books({ plan: empty, isExtraUsageOn: true, isStrict: true })
    books.topUp(cents(1000))
    books.hold()
    assert.deepEqual(
      [books.customer.heldNanos, books.customer.overrunReservedNanos],
      [cents(100), 0n],
    )
  })

  test('is counted by UTC month, and what was booked is known when the clock goes back into its month', () => {
    const books = new Books({ plan: empty, isExtraUsageOn: true, overrunMaxNanos: cents(100) })
    const overrun = (): void => {
      const id = books.hold({ maxTokens: 30 })
      books.cap({ kind: 'capped', amountNanos: cents(1) })
      books.settle(id, { output: 30 })
      books.cap({ kind: 'unlimited' })
    }
    books.topUp(cents(1000))
    overrun()
    assert.equal(books.customer.overrun?.bookedNanos, cents(20))
    assert.equal(heldOf(books), cents(100))
    books.jump(Date.UTC(2026, 11, 5) - startMs)
    assert.equal(heldOf(books), cents(10))
    const lost = books.hold({ maxTokens: 30 })
    books.expire(lost)
    assert.equal(books.customer.overrun.lostNanos, cents(30))
    books.correct(hour)
    assert.equal(heldOf(books), cents(100))
  })
})

test('an overrun of one month takes nothing from the allowance of another that is remembered', () => {
  const month = (nth: number, bookedNanos: bigint) => {
    const [from, to] = [Date.UTC(2026, nth, 1), Date.UTC(2026, nth + 1, 1)]
    return { startMs: from, endMs: to, bookedNanos, lostNanos: 0n }
  }
  const books = new Books({ plan: empty, isExtraUsageOn: true, overrunMaxNanos: cents(100) })
  books.topUp(cents(1000))
  books.customer.overrun = month(11, cents(90))
  books.customer.overrunBefore = [month(8, cents(90)), month(10, cents(10))]
  const held = (): bigint | undefined => {
    const { decision } = decided(books)
    return decision.kind === 'allow' ? decision.allowance.heldNanos : undefined
  }
  assert.equal(held(), cents(10))
  // Neither the newest nor the oldest that is remembered, but the month's own; none at all is nothing.
  const [september, november] = books.customer.overrunBefore
  books.customer.overrunBefore = [november, september].flatMap((known) => known ?? [])
  assert.equal(held(), cents(10))
  books.nowMs = Date.UTC(2026, 9, 5)
  assert.equal(held(), cents(10))
  books.nowMs = Date.UTC(2026, 8, 5)
  assert.equal(held(), cents(100))
  books.nowMs = Date.UTC(2026, 11, 5)
  assert.equal(held(), cents(100))
  books.nowMs = Date.UTC(2027, 0, 5)
  assert.equal(held(), cents(10))
})

describe('D8: reserved or out', () => {
  test('a request that the plan would take alone is reserved, and one that nobody would is out', () => {
    const books = new Books({ plan: plan('p', [session(cents(10)), week(cents(100))]) })
    books.hold()
    assert.equal(reason(books), 'reserved')
    const used = new Books({ plan: plan('p', [session(cents(10)), week(cents(30))]) })
    used.spend(30)
    used.nowMs += 6 * hour
    assert.equal(reason(used), 'limit_reached')
    // Session has room alone, week has none: both are asked.
    used.nowMs = startMs + 6 * hour
    assert.equal(reason(used), 'limit_reached')
  })

  test('a request that the wallet would pay alone is reserved, also when only the others’ reserves are in the way', () => {
    const books = new Books({ plan: empty, isExtraUsageOn: true, overrunMaxNanos: cents(90) })
    books.seat(empty.id, ben)
    books.topUp(cents(60))
    books.hold({ by: ben })
    // The worst case is asked of the balance, since the allowance is kept by the other one.
    const { decision } = decided(books)
    assert.ok(decision.kind === 'deny')
    assert.deepEqual(
      [decision.denial.reason, decision.denial.neededNanos],
      ['reserved', cents(100)],
    )
    const poor = new Books({ plan: empty, isExtraUsageOn: true })
    poor.topUp(cents(9))
    assert.equal(reason(poor), 'limit_reached')
  })
})

test('W3: an admission keeps the instance that a correction of the clock can bring back', () => {
  const books = new Books({ plan: plan('p', [week(cents(100))]) })
  books.spend(30)
  const before = decided(books)
  assert.ok(before.draft?.body.kind === 'held' && !('kept' in before.draft.body))
  books.jump(7 * day)

  const { draft } = decided(books)

  assert.ok(draft?.body.kind === 'held')
  assert.deepEqual(draft.body.kept, { limitIds: ['week'], sinceMs: startMs })
  assert.equal(books.member(ada).windows.size, 1)
})
