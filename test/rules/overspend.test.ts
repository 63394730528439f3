import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { HoldId } from '../../src/core/ids.ts'
import { Books, ada, cents, day, hour, minute, plan, session, startMs } from './books.ts'

const tiny = plan('tiny', [session(cents(1))])

/** A customer whose plan is spent, so that everything goes to the wallet. */
function onTheWallet(terms: Partial<ConstructorParameters<typeof Books>[0]> = {}): Books {
  const books = new Books({ plan: tiny, isExtraUsageOn: true, ...terms })
  books.spend(1, { maxTokens: 1 })
  return books
}

test('O1: twenty requests at once on the last cents are never charged above the balance, and the rest stays bounded', () => {
  const books = onTheWallet({ overrunMaxNanos: cents(100) })
  books.topUp(cents(100))
  const holds: HoldId[] = []
  for (let count = 0; count < 20; count += 1) {
    const { decision, id } = books.authorize({ maxTokens: 30 })
    if (decision.kind === 'allow') holds.push(id)
  }
  let chargedNanos = 0n
  let overrunNanos = 0n
  for (const id of holds) {
    const answer = books.settle(id, { output: 30 })
    if (answer.kind === 'settled') {
      chargedNanos += answer.chargedNanos
      overrunNanos += answer.overrunNanos
    }
  }

  assert.ok(holds.length > 3)
  assert.ok(chargedNanos <= cents(100))
  assert.ok(overrunNanos <= cents(100))
  assert.equal(chargedNanos + overrunNanos, cents(30) * BigInt(holds.length))
  assert.ok(books.figures().extraUsage.balanceNanos >= 0n)
})

test('O1: after a corrected clock an overrun is of the month whose allowance its hold had reserved', () => {
  const books = onTheWallet({ overrunMaxNanos: cents(100) })
  books.topUp(cents(10))
  books.settle(books.hold(), { output: 70 })
  assert.equal(books.customer.overrun?.bookedNanos, cents(60))
  books.jump(20 * day)
  books.spend(1, { maxTokens: 1 })
  books.topUp(cents(10))
  const december = books.hold({ isThinking: true })
  assert.equal(books.customer.overrunReservedNanos, cents(90))
  books.correct(minute)

  books.settle(december, { output: 100 })

  const { overrun, overrunBefore } = books.customer
  const booked = [...overrunBefore, overrun].map((month) => month?.bookedNanos)
  assert.deepEqual(booked, [cents(60), cents(90)])
  // November's allowance has room for 40 cents, and not for the 50 that a hold of ten would leave.
  books.topUp(cents(100))
  const { decision } = books.authorize({ maxTokens: 60 })
  assert.equal(decision.kind === 'allow' ? decision.allowance.heldNanos : null, cents(60))
})

test('O1: past the overrun allowance, and for a strict customer, a hold takes the worst case', () => {
  const past = onTheWallet({ overrunMaxNanos: cents(10) })
  const strict = onTheWallet({ isStrict: true })
  for (const books of [past, strict]) {
    books.topUp(cents(1000))
    const { decision } = books.authorize({ maxTokens: 50 })
    assert.equal(decision.kind === 'allow' ? decision.allowance.heldNanos : null, cents(50))
  }
})

test('O2: a cap of $5 charges at most $5.00, whatever the requests cost in the end', () => {
  const books = onTheWallet({ cap: { kind: 'capped', amountNanos: cents(500) } })
  books.topUp(cents(10_000))
  let chargedNanos = 0n
  for (let count = 0; count < 40; count += 1) {
    const { decision, id } = books.authorize({ maxTokens: 10_000 })
    if (decision.kind === 'deny') break
    const answer = books.settle(id, { output: 70 + count })
    if (answer.kind === 'settled') chargedNanos += answer.chargedNanos
  }

  assert.ok(chargedNanos > cents(400))
  assert.ok(chargedNanos <= cents(500))
  assert.equal(books.figures().extraUsage.spentNanos, chargedNanos)
})

test('O2: a cap lowered while a request runs lets it take its hold and not a cent more', () => {
  const books = onTheWallet()
  books.topUp(cents(1000))
  const id = books.hold()
  books.cap({ kind: 'capped', amountNanos: cents(2) })

  assert.deepEqual(books.settle(id, { output: 90 }), {
    kind: 'settled',
    costNanos: cents(90),
    chargedNanos: cents(10),
    overrunNanos: cents(80),
    lostNanos: 0n,
  })
})

test('O3: with extra usage off no money moves, at the customer or at the member', () => {
  for (const isCustomer of [true, false]) {
    const books = onTheWallet()
    books.topUp(cents(1000))
    if (isCustomer) books.toggle(false)
    else books.toggleMember(false)

    const { decision } = books.authorize()

    assert.equal(decision.kind, 'deny')
    assert.equal(
      decision.kind === 'deny' ? decision.denial.extraUsageReason : null,
      isCustomer ? 'off_for_customer' : 'off_for_member',
    )
    assert.equal(books.figures().extraUsage.balanceNanos, cents(1000))
  }
})

test('O3: a request that runs while extra usage is switched off is charged at most its hold', () => {
  const books = onTheWallet()
  books.topUp(cents(1000))
  const id = books.hold()
  books.toggle(false)
  books.grow(id, { output: 80 })

  const answer = books.settle(id, { output: 90 })

  assert.equal(answer.kind === 'settled' ? answer.chargedNanos : null, cents(10))
})

test('O4: purchases, plan changes, caps and expiries never move the switch', () => {
  const books = new Books({ plan: tiny })
  books.topUp(cents(1000), { expiresAtMs: startMs + minute })
  books.cap({ kind: 'capped', amountNanos: cents(5) })
  const big = plan('big', [session(cents(500))], {
    grants: [{ id: 'credit', amountNanos: cents(100), every: 'month' }],
  })
  books.publish(big)
  books.seat(big.id)
  books.nowMs += hour
  books.spend(3)

  assert.equal(books.figures().extraUsage.isOnForCustomer, false)
  books.toggle(true)
  assert.equal(books.figures().extraUsage.isOnForCustomer, true)
})

test("O4: a purchase and a change of plan move neither a member's own switch nor the customer's", () => {
  const books = new Books({ plan: tiny, isExtraUsageOn: true })
  books.toggleMember(false)
  const big = plan('big', [session(cents(500))])
  books.publish(big)

  books.topUp(cents(100))
  books.seat(big.id)
  books.cap({ kind: 'unlimited' })

  const { isOnForCustomer, isOnForMember } = books.figures().extraUsage
  assert.deepEqual([isOnForCustomer, isOnForMember], [true, false])
})

test('O5: no money is taken while the plan had room at admission, also when the cost runs far past it', () => {
  const books = new Books({ plan: plan('p', [session(cents(100))]), isExtraUsageOn: true })
  books.topUp(cents(1000))
  books.spend(99)

  const answer = books.spend(400)

  assert.equal(answer.kind === 'settled' ? answer.chargedNanos : null, 0n)
  assert.equal(books.figures().extraUsage.balanceNanos, cents(1000))
})

test('O6: each cent of a cost above the hold has a payer: the wallet up to its limits, then the operator', () => {
  const books = onTheWallet()
  books.topUp(cents(40))
  const id = books.hold()

  const answer = books.settle(id, { output: 100 })

  assert.deepEqual(answer, {
    kind: 'settled',
    costNanos: cents(100),
    chargedNanos: cents(40),
    overrunNanos: cents(60),
    lostNanos: 0n,
  })
  assert.equal(books.customer.overrun?.bookedNanos, cents(60))
  assert.equal(books.figures().extraUsage.balanceNanos, 0n)
})

test('O11: overshoot of a plan window never reaches money, whoever opted in to what', () => {
  for (const isExtraUsageOn of [true, false]) {
    const books = new Books({ plan: plan('p', [session(cents(20))]), isExtraUsageOn })
    books.topUp(cents(1000))
    const [first, second] = [books.hold(), books.hold()]
    books.settle(first, { output: 500 })
    books.settle(second, { output: 500 })

    assert.equal(books.figures().limits[0]?.used, cents(1000))
    assert.equal(books.figures().extraUsage.balanceNanos, cents(1000))
  }
})

test('O5: a request that says never is not paid from the wallet, and is told how to allow it', () => {
  const books = onTheWallet()
  books.topUp(cents(1000))

  const decision = books.ask({ consent: 'never' })

  assert.equal(
    decision.kind === 'deny' ? decision.denial.extraUsageReason : null,
    'forbidden_by_request',
  )
  assert.equal(books.ask({ consent: 'allow' }).kind, 'allow')
})

test('grants burn by priority, then expiry, then age; each adds up', () => {
  const books = onTheWallet()
  books.topUp(cents(10), { priority: 50 })
  books.topUp(cents(10), { priority: 50, expiresAtMs: startMs + 2 * hour })
  books.topUp(cents(10), { priority: 10 })
  books.spend(25)

  const left = [...books.customer.grants.values()].map((grant) => grant.availableNanos)

  assert.deepEqual(left, [cents(5)])
  assert.deepEqual(books.customer.closedGrants, {
    count: 2,
    grantedNanos: cents(20),
    spentNanos: cents(20),
    refundedNanos: 0n,
  })
})

test('a grant that expires while held stays chargeable, and what is released expires in the same entry', () => {
  const books = onTheWallet()
  books.topUp(cents(10), { expiresAtMs: startMs + minute })
  books.topUp(cents(50))
  const id = books.hold()
  books.nowMs += 2 * minute

  const answer = books.settle(id, { output: 4 })

  assert.equal(answer.kind === 'settled' ? answer.chargedNanos : null, cents(4))
  const [expired] = [...books.customer.grants.values()]
  assert.equal(expired?.spentNanos, cents(4))
  assert.equal(expired?.expiredNanos, cents(6))
  assert.equal(books.figures().extraUsage.balanceNanos, cents(50))
})

test('D6: an expired hold gives everything back, costs the customer nothing, and a late settle corrects it', () => {
  const books = onTheWallet()
  books.topUp(cents(100))
  const id = books.hold()
  books.expire(id)
  assert.equal(books.figures().extraUsage.heldNanos, 0n)
  assert.equal(books.figures().extraUsage.balanceNanos, cents(100))
  assert.equal(books.customer.overrun?.lostNanos, cents(10))

  const answer = books.settle(id, { output: 30 })

  assert.equal(answer.kind === 'settled' ? answer.chargedNanos : null, cents(30))
  assert.equal(books.customer.overrun?.lostNanos, 0n)
  assert.deepEqual(books.settle(id, { output: 30 }), { kind: 'already_ended' })
  assert.equal(books.member(ada).lost.size, 0)
})
