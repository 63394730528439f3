import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Books, cents, hour, limit, plan, session, startMs } from '../../test/rules/books.ts'
import { expireOpenHold, voidOpenHold } from './end-hold.ts'
import { holdId, limitId } from './ids.ts'

const shape = { kind: 'session', lengthMs: 5 * hour } as const
const inUnits = plan('units', [
  limit({ id: 'money', amount: cents(100), shape }),
  limit({ id: 'tokens', amount: 1000n, unit: 'tokens', shape }),
  limit({ id: 'asked', amount: 5n, unit: 'requests', shape }),
])

test('L3: a voided request of the plan gives back exactly what it held of each limit, and says why', () => {
  const books = new Books({ plan: inUnits })
  const id = books.hold()
  books.nowMs += 5

  const { answer, draft } = voidOpenHold(
    books.account(),
    { holdId: id, cause: 'never_sent' },
    books.moment,
  )

  assert.deepEqual(answer, { kind: 'ended' })
  assert.equal(draft?.atMs, startMs + 5)
  assert.deepEqual(draft.body, {
    kind: 'voided',
    holdId: id,
    cause: 'never_sent',
    overrunReserveNanos: 0n,
  })
  assert.deepEqual(draft.legs, [
    { from: `window:money:${startMs}:held`, to: 'plan', amount: cents(10), unit: 'money' },
    { from: `window:tokens:${startMs}:held`, to: 'plan', amount: 11n, unit: 'tokens' },
    { from: `window:asked:${startMs}:held`, to: 'plan', amount: 1n, unit: 'requests' },
  ])
  books.own(draft)
  assert.ok(books.figures().limits.every(({ used, held }) => used + held === 0n))
  assert.equal(books.member().holds.size, 0)
})

test('D6: an expired request of the plan gives everything back, and its expected cost is the operator’s', () => {
  const books = new Books({ plan: inUnits })
  const id = books.hold()

  const { answer, draft } = expireOpenHold(books.account(), { holdId: id }, books.moment)

  assert.deepEqual(answer, { kind: 'ended' })
  assert.deepEqual(draft?.body, {
    kind: 'expired',
    holdId: id,
    lostNanos: cents(10),
    overrunReserveNanos: 0n,
  })
  assert.deepEqual(draft.legs.at(-1), { from: 'operator_lost', to: 'upstream', amount: cents(10) })
  assert.equal(draft.legs.length, 4)
  books.own(draft)
  assert.ok(books.figures().limits.every(({ used, held }) => used + held === 0n))
  assert.equal(books.customer.overrun?.lostNanos, cents(10))
})

test('a request that was expected to cost nothing moves nothing when it ends', () => {
  const free = plan('free', [limit({ id: 'money', amount: cents(1), shape })], {
    outputTokensExpected: 0,
  })
  const books = new Books({ plan: free })

  const voided = voidOpenHold(books.account(), { holdId: books.hold(), cause: 'x' }, books.moment)
  const expired = expireOpenHold(books.account(), { holdId: books.hold() }, books.moment)
  const costless = expireOpenHold(
    books.account(),
    { holdId: books.hold({ model: 'free-model' }) },
    books.moment,
  )

  for (const { answer, draft } of [voided, expired, costless]) {
    assert.equal(answer.kind, 'ended')
    assert.deepEqual(draft?.legs, [])
  }
})

test('a request of the wallet gives its grants back what it held, and its part of the overrun allowance', () => {
  for (const way of ['void', 'expire'] as const) {
    const books = new Books({ plan: plan('full', [session(0n)]), isExtraUsageOn: true })
    books.topUp(cents(100))
    const id = books.hold()
    assert.equal(books.customer.overrunReservedNanos, cents(90))
    const [held] = books.customer.grants.values()
    assert.deepEqual([held?.availableNanos, held?.heldNanos], [cents(90), cents(10)])

    if (way === 'void') books.void(id)
    else books.expire(id)

    const [left] = books.customer.grants.values()
    assert.deepEqual([left?.availableNanos, left?.heldNanos], [cents(100), 0n])
    assert.equal(books.customer.overrunReservedNanos, 0n)
    assert.equal(books.customer.overrun?.lostNanos ?? 0n, way === 'void' ? 0n : cents(10))
    assert.equal(books.customer.spend, null)
  }
})

test('what goes back to a grant that is over expires in the same entry, and so does the rest of it', () => {
  const books = new Books({ plan: plan('full', [session(0n)]), isExtraUsageOn: true })
  books.topUp(cents(100), { expiresAtMs: startMs + hour })
  const id = books.hold()
  books.nowMs += hour

  books.void(id)

  const [left] = books.customer.grants.values()
  assert.deepEqual(
    [left?.availableNanos, left?.heldNanos, left?.expiredNanos],
    [0n, 0n, cents(100)],
  )
})

test('a hold that has ended, or never was, ends no second time', () => {
  const books = new Books({ plan: inUnits })
  const id = books.hold()
  books.void(id)
  for (const gone of [id, holdId('never')]) {
    const input = { holdId: gone, cause: 'x' }
    const nothing = { answer: { kind: 'already_ended' }, draft: null }
    assert.deepEqual(voidOpenHold(books.account(), input, books.moment), nothing)
    assert.deepEqual(expireOpenHold(books.account(), input, books.moment), nothing)
  }
  assert.equal(books.member().windows.get(limitId('money'))?.held, 0n)
})
