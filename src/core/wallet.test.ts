import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Books, cents, hour, plan, session, startMs } from '../../test/rules/books.ts'
import type { CustomerState, Grant, SpendWindow } from './account.ts'
import { emptyCustomer } from './empty-state.ts'
import { customerId, grantId } from './ids.ts'
import {
  availableNanos,
  capRoomNanos,
  endGrantLegs,
  expiryLegs,
  grantAvailableNanos,
  grantsInOrder,
  isExpired,
  isExtraUsageOn,
  roomNanos,
  spendMonth,
  spentNanos,
  takeAvailable,
  unexpiredNanos,
} from './wallet.ts'

const november = { startMs: Date.UTC(2026, 10, 1), endMs: Date.UTC(2026, 11, 1) }

function grant(id: string, more: Partial<Grant> = {}): Grant {
  return {
    grantId: grantId(id),
    origin: 'top_up',
    priority: 50,
    expiresAtMs: null,
    createdAtMs: 0,
    position: 1,
    grantedNanos: 100n,
    availableNanos: 10n,
    heldNanos: 0n,
    spentNanos: 0n,
    expiredNanos: 0n,
    refundedNanos: 0n,
    ...more,
  }
}

function holding(...grants: readonly Grant[]): CustomerState {
  const customer = emptyCustomer(customerId('cus'))
  for (const one of grants) customer.grants.set(one.grantId, one)
  return customer
}

describe('a grant that ends', () => {
  const until1000 = grant('g', { expiresAtMs: 1000, heldNanos: 4n })

  test('can pay until the moment before its end, by time alone', () => {
    assert.deepEqual([isExpired(until1000, 999), isExpired(until1000, 1000)], [false, true])
    assert.equal(isExpired(grant('g'), Number.MAX_SAFE_INTEGER), false)
    const customer = holding(until1000, grant('h', { heldNanos: 1n }))
    assert.deepEqual([availableNanos(customer, 999), availableNanos(customer, 1000)], [20n, 10n])
    assert.deepEqual([unexpiredNanos(customer, 999), unexpiredNanos(customer, 1000)], [25n, 11n])
  })

  test('is there again when a corrected clock goes back before its end', () => {
    const booked = grant('g', { expiresAtMs: 1000, availableNanos: 2n, expiredNanos: 8n })
    assert.equal(grantAvailableNanos(booked, 999), 10n)
    assert.equal(grantAvailableNanos(booked, 1000), 0n)
    assert.deepEqual(expiryLegs(holding(booked), 999), [
      { from: 'grant:g:expired', to: 'grant:g:available', amount: 8n },
    ])
    assert.deepEqual(expiryLegs(holding(booked), 1000), [
      { from: 'grant:g:available', to: 'grant:g:expired', amount: 2n },
    ])
  })

  test('is booked as expired once, and what runs or is spent is not', () => {
    const nothing = [
      grant('a', { expiresAtMs: 1000, availableNanos: 0n, heldNanos: 5n, spentNanos: 5n }),
      grant('b', { expiresAtMs: 1000, availableNanos: 0n, expiredNanos: 5n }),
      grant('c', { expiresAtMs: 2000 }),
      grant('d'),
    ]
    assert.deepEqual(expiryLegs(holding(...nothing), 1000), [])
  })
})

describe('grants burn', () => {
  test('by priority, then by their end, then by age', () => {
    const grants = [
      grant('never', { position: 1 }),
      grant('late', { expiresAtMs: 2000, position: 2 }),
      grant('soon-new', { expiresAtMs: 1000, position: 4 }),
      grant('soon-old', { expiresAtMs: 1000, position: 3 }),
      grant('first', { priority: 10, position: 9 }),
      grant('never-new', { position: 6 }),
      grant('last', { priority: 60, expiresAtMs: 1, position: 0 }),
    ]
    const names = ['first', 'soon-old', 'soon-new', 'late', 'never', 'never-new', 'last']
    for (const order of [grants, grants.toReversed()]) {
      const customer = holding(...order)
      assert.deepEqual(
        grantsInOrder(customer).map((one) => one.grantId),
        names,
      )
      assert.deepEqual(
        takeAvailable(customer, 100n, 0).map((leg) => leg.grantId),
        names,
      )
    }
  })

  test('as far as they are needed, and what they cannot give is left out', () => {
    const customer = holding(
      grant('a', { position: 1 }),
      grant('b', { position: 2 }),
      grant('c', { position: 3 }),
    )
    const taken = (amount: bigint) =>
      takeAvailable(customer, amount, 0).map((leg) => [leg.grantId, leg.amount])
    assert.deepEqual(taken(0n), [])
    assert.deepEqual(taken(-5n), [])
    assert.deepEqual(taken(7n), [['a', 7n]])
    assert.deepEqual(taken(10n), [['a', 10n]])
    assert.deepEqual(taken(11n), [
      ['a', 10n],
      ['b', 1n],
    ])
    assert.deepEqual(taken(99n), [
      ['a', 10n],
      ['b', 10n],
      ['c', 10n],
    ])
  })

  test('only where something of them is available now', () => {
    const customer = holding(
      grant('over', { expiresAtMs: 500, priority: 1 }),
      grant('empty', { availableNanos: 0n, heldNanos: 3n, priority: 2 }),
      grant('back', { availableNanos: 0n, expiredNanos: 4n, expiresAtMs: 2000 }),
    )
    assert.deepEqual(takeAvailable(customer, 9n, 500), [{ grantId: 'back', amount: 4n }])
    assert.deepEqual(takeAvailable(holding(), 9n, 500), [])
  })
})

describe('what is charged in a month', () => {
  const month = (startMs: number, spent: bigint): SpendWindow => {
    return { startMs, endMs: startMs + 100, spentNanos: spent }
  }

  test('counts from its start up to its end, and the latest months are remembered', () => {
    const spending = { spend: month(300, 3n), spendBefore: [month(100, 1n), month(200, 2n)] }
    assert.deepEqual(
      [99, 100, 199, 200, 300, 399, 400].map((ms) => spentNanos(spending, ms)),
      [0n, 1n, 1n, 2n, 3n, 3n, 0n],
    )
    assert.deepEqual(spendMonth(spending, 'UTC', 250), { startMs: 200, endMs: 300 })
    assert.deepEqual(spendMonth(spending, 'UTC', startMs), november)
  })

  test('is nothing before the first charge, in the calendar month of the customer’s zone', () => {
    const spending = { spend: null, spendBefore: [] }
    assert.equal(spentNanos(spending, startMs), 0n)
    assert.deepEqual(spendMonth(spending, 'UTC', startMs), november)
    assert.deepEqual(spendMonth(spending, 'Asia/Kolkata', startMs), {
      startMs: november.startMs - 5.5 * hour,
      endMs: november.endMs - 5.5 * hour,
    })
  })
})

describe('room', () => {
  test('of a cap is what it leaves beside spent and held, and may be below zero', () => {
    const capped = { kind: 'capped', amountNanos: 10n } as const
    assert.equal(capRoomNanos(capped, { spentNanos: 3n, heldNanos: 4n }), 3n)
    assert.equal(capRoomNanos(capped, { spentNanos: 8n, heldNanos: 4n }), -2n)
    assert.equal(capRoomNanos({ kind: 'unlimited' }, { spentNanos: 8n, heldNanos: 4n }), undefined)
  })

  test('is the least of balance, the customer’s cap and the member’s', () => {
    const books = new Books({ plan: plan('p', [session(0n)]), isExtraUsageOn: true })
    books.topUp(cents(100))
    books.spend(5, { maxTokens: 10 })
    books.hold({ isThinking: true })
    const room = (): bigint => roomNanos(books.account(), books.nowMs)
    assert.equal(room(), cents(85))
    books.cap({ kind: 'capped', amountNanos: cents(60) })
    assert.equal(room(), cents(45))
    books.capMember({ kind: 'capped', amountNanos: cents(50) })
    assert.equal(room(), cents(35))
    books.cap({ kind: 'unlimited' })
    assert.equal(room(), cents(35))
  })

  test('is opened by both switches', () => {
    const books = new Books({ plan: plan('p', []) })
    const isOn = (): boolean => isExtraUsageOn(books.account())
    assert.equal(isOn(), false)
    books.toggle(true)
    assert.equal(isOn(), true)
    books.toggleMember(false)
    assert.equal(isOn(), false)
    books.toggle(false)
    assert.equal(isOn(), false)
  })
})

describe('the end of a hold', () => {
  const held = [
    { grantId: grantId('a'), amount: 5n },
    { grantId: grantId('b'), amount: 5n },
  ]
  const customer = holding(
    grant('a', { heldNanos: 5n, expiresAtMs: 1000 }),
    grant('b', { heldNanos: 5n }),
  )
  const end = (chargedNanos: bigint, nowMs = 0) => {
    const { legs, takenNanos } = endGrantLegs(customer, { held, chargedNanos, nowMs })
    return [takenNanos, legs.map(({ from, to, amount }) => `${from} ${to} ${amount}`)]
  }

  test('takes a charge from its own grants, the first one first, and gives the rest back', () => {
    assert.deepEqual(end(7n), [
      7n,
      [
        'grant:a:held grant:a:spent 5',
        'grant:b:held grant:b:spent 2',
        'grant:b:held grant:b:available 3',
      ],
    ])
    assert.deepEqual(end(50n), [
      10n,
      ['grant:a:held grant:a:spent 5', 'grant:b:held grant:b:spent 5'],
    ])
  })

  test('gives back to a grant that the sums do not know as to one without an end', () => {
    const { legs } = endGrantLegs(holding(), { held, chargedNanos: 5n, nowMs: 1000 })
    assert.deepEqual(legs.at(-1), { from: 'grant:b:held', to: 'grant:b:available', amount: 5n })
  })

  test('gives all back where nothing is charged, and expires what goes back to a grant that is over', () => {
    const back = ['grant:a:held grant:a:expired 5', 'grant:b:held grant:b:available 5']
    assert.deepEqual(end(0n, 1000), [0n, back])
    assert.deepEqual(end(-3n, 1000), [0n, back])
    assert.deepEqual(end(0n, 999), [
      0n,
      ['grant:a:held grant:a:available 5', 'grant:b:held grant:b:available 5'],
    ])
  })
})
