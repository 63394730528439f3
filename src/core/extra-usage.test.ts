import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Books, ada, ben, cents, hour, plan, session, startMs } from '../../test/rules/books.ts'
import { extraUsageObstacle, extraUsageObstacles } from './extra-usage.ts'

const empty = plan('empty', [session(0n)])
const capped = (amount: number) => ({ kind: 'capped', amountNanos: cents(amount) }) as const

function obstacles(
  books: Books,
  amount: number,
  more: { consent?: 'never' | 'allow'; isIgnoringHolds?: boolean } = {},
): readonly string[] {
  const need = {
    account: books.account(),
    consent: 'allow',
    moment: books.moment,
    ...more,
  } as const
  return extraUsageObstacles(need, cents(amount))
}

test('balance and caps pay for an amount that they have to the cent, and not for one cent more', () => {
  const books = new Books({ plan: empty, isExtraUsageOn: true })
  books.topUp(cents(30))
  assert.deepEqual(obstacles(books, 30), [])
  assert.deepEqual(obstacles(books, 31), ['balance_too_low'])
  books.cap(capped(20))
  assert.deepEqual([obstacles(books, 20), obstacles(books, 21)], [[], ['cap_reached']])
  books.capMember(capped(15))
  assert.deepEqual([obstacles(books, 15), obstacles(books, 16)], [[], ['member_cap_reached']])
})

test('what was spent this month and what is held count against both caps, a member’s own against its own', () => {
  const books = new Books({ plan: empty, isExtraUsageOn: true })
  books.seat(empty.id, ben)
  books.topUp(cents(1000))
  books.spend(5, { maxTokens: 10 })
  books.hold({ by: ben })
  books.cap(capped(30))
  books.capMember(capped(12))

  // Of the customer 5 spent and 10 held, of the member 5 spent.
  assert.deepEqual(obstacles(books, 7), [])
  assert.deepEqual(obstacles(books, 8), ['member_cap_reached'])
  assert.deepEqual(obstacles(books, 16), ['cap_reached', 'member_cap_reached'])
  books.nowMs = Date.UTC(2026, 11, 1)
  assert.deepEqual(obstacles(books, 12), [])
})

test('with the holds of others at zero, only what is spent and what is there counts', () => {
  const books = new Books({ plan: empty, isExtraUsageOn: true })
  books.topUp(cents(10))
  books.topUp(cents(5), { expiresAtMs: startMs + hour, priority: 60 })
  books.cap(capped(12))
  books.capMember(capped(12))
  books.hold()

  assert.deepEqual(obstacles(books, 10), ['cap_reached', 'member_cap_reached', 'balance_too_low'])
  assert.deepEqual(obstacles(books, 12, { isIgnoringHolds: true }), [])
  assert.deepEqual(obstacles(books, 13, { isIgnoringHolds: true }), [
    'cap_reached',
    'member_cap_reached',
  ])
  books.nowMs += hour
  assert.deepEqual(obstacles(books, 11, { isIgnoringHolds: true }), ['balance_too_low'])
})

test('a cap of zero is no extra usage at all, also of what costs nothing', () => {
  const books = new Books({ plan: empty, isExtraUsageOn: true })
  assert.deepEqual(obstacles(books, 0), [])
  books.cap(capped(0))
  assert.deepEqual(obstacles(books, 0), ['cap_reached'])
  books.cap({ kind: 'unlimited' })
  books.capMember(capped(0))
  assert.deepEqual(obstacles(books, 0), ['member_cap_reached'])
})

test('switches and the request’s own word come before caps, and caps before money', () => {
  const books = new Books({ plan: empty })
  books.toggleMember(false)
  books.cap(capped(1))
  books.capMember(capped(1))
  const all = [
    'off_for_customer',
    'off_for_member',
    'forbidden_by_request',
    'cap_reached',
    'member_cap_reached',
    'balance_too_low',
  ]
  assert.deepEqual(obstacles(books, 5, { consent: 'never' }), all)
  const need = { account: books.account(ada), consent: 'never', moment: books.moment } as const
  assert.equal(extraUsageObstacle(need, cents(5)), 'off_for_customer')
  books.toggle(true)
  books.toggleMember(true)
  books.cap({ kind: 'unlimited' })
  books.capMember({ kind: 'unlimited' })
  books.topUp(cents(5))
  assert.equal(extraUsageObstacle({ ...need, consent: 'allow' }, cents(5)), null)
})
