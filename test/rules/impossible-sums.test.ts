import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Grant } from '../../src/core/account.ts'
import type { Entry, EntryBody } from '../../src/core/entry.ts'
import { termsFault } from '../../src/core/hold-invariants.ts'
import { grantId, limitId, type HoldId } from '../../src/core/ids.ts'
import {
  assertEntry,
  BrokenInvariantError,
  customerFault,
  memberFault,
} from '../../src/core/invariants.ts'
import { settleHold } from '../../src/core/settle.ts'
import { Books, cents, hour, minute, plan, session } from './books.ts'

const empty = plan('empty', [session(0n)])

function wallet(): Books {
  const books = new Books({ plan: empty, isExtraUsageOn: true })
  books.topUp(cents(50))
  return books
}

const last = (books: Books): Entry => {
  const entry = books.entries.at(-1)
  assert.ok(entry)
  return entry
}

test('I1: no part of a grant is below zero, whichever makes up for it', () => {
  const parts = [
    'availableNanos',
    'heldNanos',
    'spentNanos',
    'expiredNanos',
    'refundedNanos',
  ] as const
  for (const part of parts) {
    const books = wallet()
    books.hold()
    const known = books.customer.grants.get(grantId('g1'))
    assert.ok(known)
    assert.equal(customerFault(books.customer, last(books)), undefined)
    const other: keyof Grant = part === 'spentNanos' ? 'refundedNanos' : 'spentNanos'
    known[other] += known[part] + 1n
    known[part] = -1n
    assert.deepEqual(customerFault(books.customer, last(books)), {
      invariant: 'I1',
      what: 'leaves grant g1 not adding up',
    })
  }
})

test('I1: what was paid back of a grant is a part of it like any other', () => {
  const books = wallet()
  books.hold()
  const known = books.customer.grants.get(grantId('g1'))
  assert.ok(known)
  known.availableNanos -= 5n
  known.refundedNanos += 5n
  assert.equal(customerFault(books.customer, last(books)), undefined)
})

test('I1: nothing held is below zero, at the customer or in a window', () => {
  const books = wallet()
  books.customer.heldNanos = -1n
  assert.deepEqual(customerFault(books.customer, last(books)), {
    invariant: 'I1',
    what: 'leaves a negative amount held',
  })
  for (const part of ['used', 'held'] as const) {
    const own = new Books({ plan: plan('p', [session(cents(100))]) })
    own.settle(own.hold(), { output: 3 })
    const window = own.member().windows.get(limitId('session'))
    assert.ok(window)
    assert.equal(memberFault(own.member(), last(own)), undefined)
    window[part] = -1n
    assert.deepEqual(memberFault(own.member(), last(own)), {
      invariant: 'I1',
      what: 'leaves limit session negative',
    })
  }
})

test('I1: a hold that says another amount than it moves, and a draw on what is over, are told as such', () => {
  const books = wallet()
  const id = books.hold()
  const placed = last(books)
  const body: EntryBody = { kind: 'voided', holdId: id, cause: 'x', overrunReserveNanos: cents(90) }
  const named = (entry: Entry): string | undefined => termsFault(books.member(), entry)?.invariant
  assert.equal(named({ ...placed, body, legs: [] }), 'I1')
  const ofPlan = new Books({ plan: plan('p', [session(cents(100))]) })
  ofPlan.hold()
  const { body: held } = last(ofPlan)
  assert.ok(held.kind === 'held')
  const grantLegs = [{ grantId: grantId('g1'), amount: 1n }]
  const said = { ...last(ofPlan), body: { ...held, grantLegs } }
  assert.equal(termsFault(ofPlan.member(), said)?.invariant, 'I1')

  books.topUp(cents(1), { expiresAtMs: books.nowMs + hour })
  const legs = [{ from: 'grant:g3:available', to: 'grant:g3:spent', amount: 1n }]
  const late = { ...placed, position: 99, atMs: books.nowMs + hour, body, legs }
  const sums = { customer: books.customer, member: books.member() }
  assert.throws(
    () => assertEntry(sums, late),
    (error) => error instanceof BrokenInvariantError && error.fault.invariant === 'I1',
  )
})

test('I8: a settle names the month of its overrun only where it has one, and it is not the month of the settle', () => {
  const december = Date.UTC(2026, 11, 1)
  const settled = (books: Books, holdId: HoldId, output: number): EntryBody | undefined => {
    const facts = { holdId, usage: { output }, marks: [], isEstimate: false }
    return settleHold(books.account(), { ...facts, upstreamRequestId: null }, books.moment).draft
      ?.body
  }
  const books = wallet()
  books.nowMs = december - minute
  const id = books.hold()
  const months = (): unknown[] =>
    [80, 5].map((output) => {
      const body = settled(books, id, output)
      assert.ok(body?.kind === 'settled')
      return 'overrunMonthMs' in body ? body.overrunMonthMs : 'none'
    })
  assert.deepEqual(months(), ['none', 'none'])
  books.nowMs = december + minute
  assert.deepEqual(months(), [Date.UTC(2026, 10, 1), 'none'])
  books.expire(id)
  assert.deepEqual(months(), ['none', 'none'])
})
