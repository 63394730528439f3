import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Books, ada, cents, hour, limit, plan, session, startMs } from '../../test/rules/books.ts'
import { growOpenHold } from './grow-hold.ts'
import { holdId, type HoldId } from './ids.ts'

const full = plan('full', [session(0n)])

/** A customer that pays everything from its wallet, with one running request that holds ten cents. */
function running(
  topUps: readonly number[],
  more: { readonly capCents?: number } = {},
): {
  readonly books: Books
  readonly id: HoldId
} {
  const { capCents } = more
  const cap =
    capCents === undefined
      ? ({ kind: 'unlimited' } as const)
      : ({ kind: 'capped', amountNanos: cents(capCents) } as const)
  const books = new Books({ plan: full, isExtraUsageOn: true, cap })
  for (const amount of topUps) books.topUp(cents(amount))
  return { books, id: books.hold() }
}

const ask = (books: Books, id: HoldId, output: number) =>
  growOpenHold(books.account(), { holdId: id, usage: { output }, marks: [] }, books.moment)

test('O1: a running request keeps what it was metered at, of the grants in their order', () => {
  const { books, id } = running([12, 30])

  books.grow(id, { output: 25 })

  const hold = books.member().holds.get(id)
  assert.equal(hold?.amounts.money, cents(25))
  assert.deepEqual(
    hold?.grantLegs.map(({ amount }) => amount),
    [cents(12), cents(13)],
  )
  assert.deepEqual(
    [...books.customer.grants.values()].map((one) => [one.availableNanos, one.heldNanos]),
    [
      [0n, cents(12)],
      [cents(17), cents(13)],
    ],
  )
  assert.equal(books.member().heldNanos, cents(25))
  const answer = books.settle(id, { output: 25 })
  assert.equal(answer.kind === 'settled' ? answer.chargedNanos : 0n, cents(25))
})

test('a hold never shrinks, and nothing is written where it stays what it is', () => {
  const { books, id } = running([100])

  for (const output of [0, 3, 10]) {
    assert.deepEqual(ask(books, id, output), { answer: { kind: 'unchanged' }, draft: null })
  }
  assert.equal(ask(books, id, 11).answer.kind, 'grown')
})

test('it grows into the room of balance and cap that is left, and not a nano further', () => {
  const byBalance = running([12])
  byBalance.books.grow(byBalance.id, { output: 50 })
  assert.equal(byBalance.books.member().holds.get(byBalance.id)?.amounts.money, cents(12))
  assert.equal(ask(byBalance.books, byBalance.id, 50).answer.kind, 'unchanged')

  const byCap = running([100], { capCents: 15 })
  byCap.books.grow(byCap.id, { output: 50 })
  assert.equal(byCap.books.member().holds.get(byCap.id)?.amounts.money, cents(15))
})

test('O3: it does not grow while a switch is off, and does again once it is on', () => {
  const { books, id } = running([100])
  books.toggle(false)
  assert.equal(ask(books, id, 50).answer.kind, 'unchanged')
  books.toggle(true)
  books.toggleMember(false)
  assert.equal(ask(books, id, 50).answer.kind, 'unchanged')
  books.toggleMember(true)
  assert.equal(ask(books, id, 50).answer.kind, 'grown')
})

test('what has expired meanwhile is booked as expired by the entry that grows', () => {
  const books = new Books({ plan: full, isExtraUsageOn: true })
  books.topUp(cents(15), { expiresAtMs: startMs + hour, priority: 10 })
  books.topUp(cents(100))
  const id = books.hold()
  books.nowMs += hour

  books.grow(id, { output: 12 })

  const [first, second] = books.customer.grants.values()
  assert.deepEqual(
    [first?.availableNanos, first?.heldNanos, first?.expiredNanos],
    [0n, cents(10), cents(5)],
  )
  assert.deepEqual([second?.availableNanos, second?.heldNanos], [cents(98), cents(2)])
})

test('a request of the plan counts on each of its limits in the unit of that limit', () => {
  const limits = [
    limit({ id: 'money', amount: cents(100), shape: { kind: 'session', lengthMs: hour } }),
    limit({
      id: 'tokens',
      amount: 1000n,
      unit: 'tokens',
      shape: { kind: 'session', lengthMs: hour },
    }),
    limit({
      id: 'asked',
      amount: 5n,
      unit: 'requests',
      shape: { kind: 'session', lengthMs: hour },
    }),
  ]
  const books = new Books({ plan: plan('units', limits) })
  const id = books.hold()
  const held = (): readonly bigint[] => books.figures().limits.map((one) => one.held)
  assert.deepEqual(held(), [cents(10), 11n, 1n])

  const growth = ask(books, id, 30).draft
  const window = (name: string): string => `window:${name}:${startMs}:held`
  assert.deepEqual(growth?.legs, [
    { from: 'plan', to: window('money'), amount: cents(20), unit: 'money' },
    { from: 'plan', to: window('tokens'), amount: 19n, unit: 'tokens' },
  ])
  const amounts = { money: cents(30), tokens: 30n, requests: 1n }
  assert.deepEqual(growth.body, { kind: 'hold_grown', holdId: id, amounts, grantLegs: [] })
  books.grow(id, { input: 20, output: 5 })
  assert.deepEqual(held(), [cents(10), 25n, 1n])
  books.grow(id, { input: 1, output: 30 })
  assert.deepEqual(held(), [cents(30), 31n, 1n])
  assert.deepEqual(ask(books, id, 30), { answer: { kind: 'unchanged' }, draft: null })

  books.settle(id, { input: 20, output: 30 })
  assert.deepEqual(
    books.figures().limits.map(({ used, held: left }) => [used, left]),
    [
      [cents(30), 0n],
      [50n, 0n],
      [1n, 0n],
    ],
  )
})

test('a request that costs nothing never grows, and one that has ended says so', () => {
  const { books, id } = running([100])
  const free = books.hold({ model: 'free-model' })
  assert.deepEqual(ask(books, free, 90), { answer: { kind: 'unchanged' }, draft: null })
  books.void(id)
  assert.deepEqual(ask(books, id, 50), { answer: { kind: 'already_ended' }, draft: null })
  assert.deepEqual(ask(books, holdId('never'), 50).answer, { kind: 'already_ended' })
})

test('a hold whose price is not in the journal is told apart from everything that can be right', () => {
  const { books, id } = running([100])
  books.system.prices.clear()
  assert.throws(() => ask(books, id, 50), /The journal has a hold without its price: price_cent/)
  assert.equal(books.member(ada).holds.size, 1)
})
