import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Books, ben, cents, plan, session, startMs } from '../../test/rules/books.ts'
import { dueGrants, withMonth } from './included-grant.ts'
import { planId } from './ids.ts'

const november = Date.UTC(2026, 10, 1)
const december = Date.UTC(2026, 11, 1)

describe('the months that a credit was posted for', () => {
  test('stand in their order, each once', () => {
    assert.deepEqual(withMonth(undefined, 5), [5])
    assert.deepEqual(withMonth([1, 9], 5), [1, 5, 9])
    assert.deepEqual(withMonth([1, 5, 9], 5), [1, 5, 9])
    assert.deepEqual(withMonth([5], 9), [5, 9])
  })

  test('are remembered eight back and twenty-four ahead', () => {
    const many = Array.from({ length: 100 }, (_, nth) => nth)
    const known = withMonth(many, 50)
    assert.deepEqual([known.length, known[0], known.at(-1)], [8 + 1 + 24, 42, 74])
  })
})

describe('credit that comes with a plan', () => {
  const generous = plan('generous', [session(0n)], {
    grants: [
      { id: 'monthly', amountNanos: cents(5), every: 'month' },
      { id: 'welcome', amountNanos: cents(7), every: 'once' },
      { id: 'none', amountNanos: 0n, every: 'month' },
      { id: 'debt', amountNanos: -1n, every: 'month' },
    ],
  })
  const due = (books: Books, nowMs = books.nowMs): readonly string[] =>
    dueGrants(books.account(), nowMs).map(({ id }) => id)

  test('is owed once per UTC month, and a welcome once for good; nothing is owed of nothing', () => {
    const books = new Books({ plan: plan('p', []) })
    books.publish(generous)
    assert.deepEqual(due(books), [])
    books.member().planId = generous.id
    assert.deepEqual(due(books), ['generous.monthly', 'generous.welcome'])
    books.postIncluded()
    assert.deepEqual(due(books), [])
    assert.deepEqual(due(books, december - 1), [])
    assert.deepEqual(due(books, december), ['generous.monthly'])
    assert.deepEqual(due(books, november - 1), ['generous.monthly'])
    assert.deepEqual(due(books, november), [])
  })

  test('says its name, month and end', () => {
    const books = new Books({ plan: plan('p', []) })
    books.publish(generous)
    books.member().planId = generous.id
    const [monthly, welcome] = dueGrants(books.account(), startMs)
    assert.deepEqual(monthly, {
      grant: generous.grants[0],
      id: 'generous.monthly',
      grantId: 'inc_2026-11_8.7_generous.monthly_ada',
      monthStartMs: november,
      expiresAtMs: december,
    })
    assert.equal(welcome?.expiresAtMs, null)
  })

  test('is owed to nobody without a seat, inactive, or on a plan that is not known', () => {
    const books = new Books({ plan: plan('p', []) })
    books.publish(generous)
    books.member(ben).planId = generous.id
    assert.deepEqual(dueGrants(books.account(ben), startMs), [])
    books.member(ben).isSeated = true
    assert.deepEqual(dueGrants(books.account(ben), startMs), [])
    books.member().planId = generous.id
    books.member().isActive = false
    assert.deepEqual(due(books), [])
    books.member().isActive = true
    books.member().planId = planId('gone')
    assert.deepEqual(due(books), [])
  })
})
