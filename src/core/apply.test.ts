import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  Books,
  ada,
  ben,
  centPrice,
  cents,
  hour,
  limit,
  plan,
  session,
  startMs,
} from '../../test/rules/books.ts'
import type { CustomerState } from './account.ts'
import {
  applyToCustomer,
  applyToMember,
  applyToSystem,
  bucketsMax,
  clockJumpsKeptMax,
  lostHoldKeptMs,
  outputsKeptMax,
  touchesCustomer,
} from './apply.ts'
import { emptyCustomer, emptyMember, emptySystem } from './empty-state.ts'
import type { Entry, EntryBody, Leg } from './entry.ts'
import { customerId, grantId, holdId, limitId, memberId, systemCustomerId } from './ids.ts'
import { settleHold } from './settle.ts'

const day = 24 * hour

function entry(body: EntryBody, more: Partial<Entry> = {}): Entry {
  return {
    atMs: startMs,
    legs: [],
    body,
    position: 1,
    customerId: customerId('cus'),
    memberId: null,
    ...more,
  }
}

/** A settle that moved nothing. */
const settledInto = (bucket: string, overrunReserveNanos = 0n): EntryBody => ({
  kind: 'settled',
  holdId: holdId('h'),
  source: 'plan',
  model: 'm',
  priceId: centPrice.id,
  usage: { output: 1 },
  marks: [],
  costNanos: 0n,
  chargedNanos: 0n,
  overrunNanos: 0n,
  isEstimate: false,
  isLate: false,
  upstreamRequestId: null,
  bucket,
  spendMonth: null,
  memberSpendMonth: null,
  overrunReserveNanos,
})

const adopted = (fromMs: number, toMs: number): Entry =>
  entry({ kind: 'clock_adopted', fromMs, toMs, cause: 'witness' }, { customerId: systemCustomerId })

describe('jumps of the clock', () => {
  test('the last eight are remembered, oldest first', () => {
    const state = emptySystem()
    const all = Array.from({ length: clockJumpsKeptMax + 3 }, (_, nth) => [nth * 10, nth * 10 + 5])
    for (const [fromMs = 0, toMs = 0] of all) applyToSystem(state, adopted(fromMs, toMs))

    assert.equal(clockJumpsKeptMax, 8)
    assert.deepEqual(
      state.jumps.map(({ fromMs, toMs }) => [fromMs, toMs]),
      all.slice(-8),
    )
  })

  test('a correction forgets those that it undoes, and no other', () => {
    const state = emptySystem()
    for (const [from, to] of [
      [0, 10],
      [20, 30],
      [40, 70],
    ] as const) {
      applyToSystem(state, adopted(from, to))
    }

    applyToSystem(state, entry({ kind: 'clock_corrected', fromMs: 71, toMs: 41 }))

    assert.deepEqual(state.jumps, [
      { fromMs: 0, toMs: 10 },
      { fromMs: 20, toMs: 30 },
    ])
  })

  test('a correction that goes back behind one has undone the part of another, which cannot be undone again', () => {
    const hour = 3_600_000
    const state = emptySystem()
    applyToSystem(state, adopted(10 * hour, 20 * hour))
    applyToSystem(state, adopted(25 * hour, 100 * hour))

    applyToSystem(state, entry({ kind: 'clock_corrected', fromMs: 101 * hour, toMs: 22 * hour }))

    assert.deepEqual(state.jumps, [{ fromMs: 10 * hour, toMs: 16 * hour }])
  })
})

describe('an entry concerns the customer', () => {
  const toGrant: Leg = { from: 'payments', to: 'grant:g:available', amount: 1n }
  const fromGrant: Leg = { from: 'grant:g:available', to: 'grant:g:held', amount: 1n }
  const lost: Leg = { from: 'operator_lost', to: 'upstream', amount: 1n }
  const back: Leg = { from: 'upstream', to: 'operator_lost', amount: 1n }
  const ofWindow: Leg = { from: 'plan', to: 'window:week:0:held', amount: 1n }
  const voided = (overrunReserveNanos: bigint): EntryBody => {
    return { kind: 'voided', holdId: holdId('h'), cause: 'test', overrunReserveNanos }
  }

  test('when a leg of it moves a grant or what the operator absorbs, in or out', () => {
    for (const leg of [toGrant, fromGrant, lost, back]) {
      assert.equal(touchesCustomer({ body: voided(0n), legs: [ofWindow, leg] }), true)
    }
    assert.equal(touchesCustomer({ body: voided(0n), legs: [ofWindow] }), false)
    assert.equal(touchesCustomer({ body: voided(0n), legs: [] }), false)
  })

  test('when a hold that ends kept something of the overrun allowance, also without any leg', () => {
    const expired: EntryBody = {
      kind: 'expired',
      holdId: holdId('h'),
      lostNanos: 0n,
      overrunReserveNanos: 5n,
    }
    assert.equal(touchesCustomer({ body: voided(5n), legs: [] }), true)
    assert.equal(touchesCustomer({ body: expired, legs: [] }), true)
    assert.equal(touchesCustomer({ body: settledInto('b', 5n), legs: [] }), true)
    assert.equal(touchesCustomer({ body: settledInto('b'), legs: [] }), false)
    const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true })
    books.topUp(cents(50))
    books.hold()
    const placed = books.entries.at(-1)?.body
    assert.ok(placed?.kind === 'held')
    assert.equal(touchesCustomer({ body: placed, legs: [] }), true)
    assert.equal(touchesCustomer({ body: { ...placed, overrunReserveNanos: 0n }, legs: [] }), false)
  })

  test('when it makes a grant or gives one back, whatever its legs say', () => {
    const made = { grantId: grantId('g'), origin: 'top_up', priority: 1, amountNanos: 1n } as const
    const granted: EntryBody = { kind: 'granted', grant: { ...made, expiresAtMs: null } }
    assert.equal(touchesCustomer({ body: granted, legs: [] }), true)
    assert.equal(
      touchesCustomer({ body: { kind: 'refunded', grantId: grantId('g') }, legs: [] }),
      true,
    )
  })

  test('when it is a setting of the customer, and not when it is one of a member', () => {
    for (const [scope, isShared] of [
      ['customer', true],
      ['member', false],
    ] as const) {
      const bodies: readonly EntryBody[] = [
        { kind: 'extra_usage_set', scope, isOn: true },
        { kind: 'spend_cap_set', scope, cap: { kind: 'unlimited' } },
        { kind: 'status_set', scope, isActive: true },
      ]
      for (const body of bodies) assert.equal(touchesCustomer({ body, legs: [] }), isShared)
    }
    const credited: EntryBody = { kind: 'window_credited', limitId: limitId('week'), startMs: 0 }
    assert.equal(touchesCustomer({ body: credited, legs: [ofWindow] }), false)
    const standing: EntryBody = { kind: 'standing_order_set', monthMaxNanos: 0n }
    const reload: EntryBody = { kind: 'auto_reload_set', setting: { kind: 'off' } }
    for (const body of [standing, reload]) assert.equal(touchesCustomer({ body, legs: [] }), true)
  })
})

/** A customer with one grant of ten nanos. */
function withGrant(): CustomerState {
  const state = emptyCustomer(customerId('cus'))
  const terms = {
    grantId: grantId('g'),
    origin: 'top_up',
    priority: 50,
    expiresAtMs: null,
    amountNanos: 10n,
  } as const
  const legs = [{ from: 'payments', to: 'grant:g:available', amount: 10n }]
  applyToCustomer(state, entry({ kind: 'granted', grant: terms }, { legs, position: 7 }))
  return state
}

const move = (from: string, to: string, amount: bigint): Entry => {
  const legs = [{ from: `grant:g:${from}`, to: `grant:g:${to}`, amount }]
  return entry({ kind: 'refunded', grantId: grantId('g') }, { legs, position: 8 })
}

describe('a grant in the sums', () => {
  test('closes with what was spent and given back of it, as soon as nothing else is left', () => {
    const state = withGrant()
    applyToCustomer(state, move('available', 'held', 6n))
    applyToCustomer(state, move('held', 'spent', 6n))
    assert.equal(state.grants.size, 1)
    assert.equal(state.heldNanos, 0n)
    applyToCustomer(state, move('available', 'refunded', 4n))

    assert.equal(state.grants.size, 0)
    const closed = { count: 1, grantedNanos: 10n, spentNanos: 6n, refundedNanos: 4n }
    assert.deepEqual(state.closedGrants, closed)
    assert.deepEqual([state.entryCount, state.position], [4, 8])
  })

  test('stays while something of it has expired, which a corrected clock may bring back', () => {
    const state = withGrant()
    applyToCustomer(state, move('available', 'spent', 6n))
    applyToCustomer(state, move('available', 'expired', 4n))

    assert.equal(state.grants.get(grantId('g'))?.expiredNanos, 4n)
    assert.equal(state.closedGrants.count, 0)
  })

  test('stays where its parts do not add up, for verify to find', () => {
    const vanished = withGrant()
    const away = [{ from: 'grant:g:available', to: 'upstream', amount: 10n }]
    const body: EntryBody = { kind: 'refunded', grantId: grantId('g') }
    applyToCustomer(vanished, entry(body, { legs: away }))
    assert.deepEqual([vanished.grants.size, vanished.closedGrants.count], [1, 0])
    const damaged = withGrant()
    applyToCustomer(damaged, move('held', 'available', 5n))
    applyToCustomer(damaged, move('available', 'spent', 10n))

    const left = damaged.grants.get(grantId('g'))
    assert.deepEqual([left?.availableNanos, left?.heldNanos, left?.spentNanos], [5n, -5n, 10n])
    assert.equal(damaged.closedGrants.count, 0)
  })

  test('that was never made, or is used up, is named as such by the entry that moves it', () => {
    const state = withGrant()
    const other = [{ from: 'grant:other:available', to: 'grant:g:held', amount: 1n }]
    const body: EntryBody = { kind: 'refunded', grantId: grantId('other') }
    assert.throws(
      () => applyToCustomer(state, entry(body, { legs: other })),
      /names a grant that was never made or is used up: grant:other:available/,
    )
    assert.throws(
      () => applyToCustomer(state, move('available', 'gone', 1n)),
      /names an unknown part of a grant: gone/,
    )
  })
})

test('each setting of a switch is a version of its own, at the customer and at a member', () => {
  const customer = emptyCustomer(customerId('cus'))
  const member = emptyMember({ customerId: customer.customerId, memberId: memberId('m') })
  for (const isOn of [true, false, false]) {
    applyToCustomer(customer, entry({ kind: 'extra_usage_set', scope: 'customer', isOn }))
    applyToMember(member, entry({ kind: 'extra_usage_set', scope: 'member', isOn }))
  }

  assert.deepEqual(customer.extraUsage, { isOn: false, version: 3 })
  assert.deepEqual(member.extraUsage, { isOn: false, version: 3 })
  assert.deepEqual([customer.entryCount, member.entryCount], [3, 3])
})

test('a member sees entries of its own counted, with the position of the last', () => {
  const member = emptyMember({ customerId: customerId('cus'), memberId: memberId('m') })
  const body: EntryBody = { kind: 'spend_cap_set', scope: 'member', cap: { kind: 'unlimited' } }
  applyToMember(member, entry(body, { position: 12 }))
  applyToMember(member, entry(body, { position: 40 }))

  assert.deepEqual([member.entryCount, member.position], [2, 40])
})

test('a grant that comes with no plan is no month’s credit of the member that it is written for', () => {
  const member = emptyMember({ customerId: customerId('cus'), memberId: memberId('m') })
  const terms = {
    grantId: grantId('g'),
    origin: 'gift',
    priority: 20,
    expiresAtMs: null,
    amountNanos: 1n,
  } as const
  applyToMember(member, entry({ kind: 'granted', grant: terms }))
  assert.equal(member.grantedMonths.size, 0)
})

test('a member that was made inactive stays so when it is moved to another plan', () => {
  const books = new Books({ plan: plan('a', [session(cents(100))]) })
  books.publish(plan('b', [session(cents(200))]))
  assert.equal(books.member().isActive, true)
  const body: EntryBody = { kind: 'status_set', scope: 'member', isActive: false }
  books.own({ atMs: startMs, legs: [], body })
  books.seat(plan('b', []).id)

  const decision = books.ask()

  assert.equal(decision.kind === 'deny' ? decision.denial.reason : 'allowed', 'member_inactive')
})

describe('what a member learns from', () => {
  const onTokens = plan('p', [
    limit({ id: 'session', amount: 10n ** 12n, shape: { kind: 'session', lengthMs: 5 * hour } }),
  ])

  test('is the last 32 settled outputs of a bucket, oldest first', () => {
    const books = new Books({ plan: onTokens })
    for (let output = 1; output <= outputsKeptMax + 4; output += 1) {
      books.settle(books.hold(), { output })
    }

    const [outputs = []] = books.member().outputs.values()
    assert.equal(outputsKeptMax, 32)
    assert.deepEqual(
      outputs,
      Array.from({ length: 32 }, (_, nth) => nth + 5),
    )
  })

  test('are the 64 buckets used last; the one used longest ago is forgotten first', () => {
    const member = emptyMember({ customerId: customerId('cus'), memberId: memberId('m') })
    const learn = (bucket: string): void => applyToMember(member, entry(settledInto(bucket)))
    for (let nth = 0; nth < bucketsMax; nth += 1) learn(`b${nth}`)
    assert.equal(bucketsMax, 64)
    assert.equal(member.outputs.size, 64)
    learn('b0')
    learn('new')

    const known = [...member.outputs.keys()]
    assert.equal(known.length, 64)
    assert.deepEqual(known.slice(-2), ['b0', 'new'])
    assert.ok(!known.includes('b1'))
    assert.deepEqual(member.outputs.get('b0'), [1, 1])
  })

  test('is no estimate', () => {
    const books = new Books({ plan: onTokens })
    books.settle(books.hold(), { output: 5 })
    const holdId = books.hold()
    const settlement = { holdId, usage: { output: 7 }, marks: [], upstreamRequestId: null }
    books.own(settleHold(books.account(), { ...settlement, isEstimate: true }, books.moment).draft)

    assert.deepEqual([...books.member().outputs.values()], [[5]])
  })
})

test('D6: an expired hold is remembered for a day, and forgotten with the next one that expires after it', () => {
  const books = new Books({ plan: plan('p', [session(cents(1000))]) })
  const first = books.hold()
  const second = books.hold()
  const third = books.hold()
  books.expire(first)
  books.nowMs += lostHoldKeptMs - 1
  books.expire(second)
  assert.deepEqual([...books.member().lost.keys()], [first, second])
  books.nowMs += 1
  books.expire(third)

  assert.equal(lostHoldKeptMs, day)
  assert.deepEqual([...books.member().lost.keys()], [second, third])
})

test('an entry about a hold that is not open leaves nothing of it behind', () => {
  const member = emptyMember({ customerId: customerId('cus'), memberId: memberId('m') })
  const amounts = { money: 1n, tokens: 1n, requests: 1n }
  const id = holdId('gone')
  applyToMember(member, entry({ kind: 'hold_grown', holdId: id, amounts, grantLegs: [] }))
  applyToMember(
    member,
    entry({ kind: 'expired', holdId: id, lostNanos: 1n, overrunReserveNanos: 0n }),
  )
  assert.deepEqual([member.holds.size, member.lost.size, member.entryCount], [0, 0, 2])
})

test('what one member holds and is charged is counted at that member and at the customer', () => {
  const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true })
  books.seat(plan('p', []).id, ben)
  books.topUp(cents(100))
  const id = books.hold()
  const other = books.hold({ by: ben })

  assert.equal(books.member(ada).heldNanos, cents(10))
  assert.equal(books.member(ben).heldNanos, cents(10))
  assert.equal(books.customer.heldNanos, cents(20))
  books.settle(id, { output: 4 })
  books.void(other, ben)
  assert.deepEqual(
    [books.member(ada).heldNanos, books.member(ben).heldNanos, books.customer.heldNanos],
    [0n, 0n, 0n],
  )
  assert.equal(books.member(ada).spend?.spentNanos, cents(4))
  assert.equal(books.member(ben).spend, null)
  assert.equal(books.customer.spend?.spentNanos, cents(4))
})
