import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MoneyBook, type MoneyLook } from '../../src/operations/money-book.ts'
import { SqliteBed } from './sqlite-bed.ts'
import { ann, authorize, bob, furnish, settle, topUp } from './accounts.ts'

/** Sums of all customers by day and month, on the real journal with a clock that the test moves. */
const zone = 'America/New_York'
const dayMs = 86_400_000

type Counted = Extract<MoneyLook, { kind: 'counted' }>

async function counted(book: MoneyBook): Promise<Counted> {
  const look = await book.look()
  assert.equal(look.kind, 'counted')
  return look as Counted
}

test('sums of today and of the month go on with the journal, and a new count says the same', async () => {
  const bed = new SqliteBed()
  try {
    const storage = await bed.open()
    const parts = { storage, clock: bed.clock }
    const book = new MoneyBook(parts, zone)
    await furnish(storage)
    await authorize(storage, ann, 'a1')
    await settle(storage, ann, 'a1')
    await authorize(storage, bob, 'b1')
    await settle(storage, bob, 'b1')

    const first = await counted(book)
    bed.clock.pass(dayMs)
    await authorize(storage, bob, 'b2')
    await settle(storage, bob, 'b2')
    await topUp(storage, { id: 'second', amountNanos: 7n })
    const second = await counted(book)

    assert.equal(first.today.toppedUpNanos, 1_000_000n)
    assert.equal(first.today.requests, 2)
    assert.ok(first.today.planNanos > 0n && first.today.chargedNanos > 0n)
    assert.deepEqual(first.month, first.today)
    assert.equal(second.todayStartMs, first.todayStartMs + dayMs)
    assert.equal(second.today.requests, 1)
    assert.equal(second.today.toppedUpNanos, 7n)
    assert.equal(second.today.planNanos, 0n)
    assert.equal(second.month.requests, 3)
    assert.equal(second.month.toppedUpNanos, 1_000_007n)
    assert.deepEqual(
      second.days.map(({ startMs }) => startMs),
      [first.todayStartMs, second.todayStartMs],
    )
    assert.deepEqual(await counted(new MoneyBook(parts, zone)), second)

    // The first of December, in New York: the month begins anew, and a count from then has the same.
    bed.clock.pass(Date.UTC(2026, 11, 1, 5) - bed.clock.wallMs() - 1)
    await topUp(storage, { id: 'last', amountNanos: 11n })
    bed.clock.pass(1)
    await topUp(storage, { id: 'next', amountNanos: 13n })
    const december = await counted(book)

    assert.equal(december.monthStartMs, Date.UTC(2026, 11, 1, 5))
    assert.equal(december.month.toppedUpNanos, 13n)
    assert.equal(december.month.requests, 0)
    assert.deepEqual(await counted(new MoneyBook(parts, zone)), december)
  } finally {
    await bed.end()
  }
})

test('what a crash loses is the operator’s until it is settled late', async () => {
  const bed = new SqliteBed()
  try {
    const before = await bed.open()
    await furnish(before)
    await authorize(before, bob, 'b1')
    await before.close()
    const storage = await bed.open()
    const book = new MoneyBook({ storage, clock: bed.clock }, zone)

    const lost = (await counted(book)).month
    await settle(storage, bob, 'b1')
    const settled = (await counted(book)).month

    assert.equal(lost.lostNanos, 600n)
    assert.equal(lost.requests, 0)
    assert.equal(settled.lostNanos, 0n)
    assert.equal(settled.requests, 1)
    assert.ok(settled.chargedNanos > 0n)
  } finally {
    await bed.end()
  }
})
