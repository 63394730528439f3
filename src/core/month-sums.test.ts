import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyCustomer } from './empty-state.ts'
import { customerId } from './ids.ts'
import { charge, countReload, overrunMonth, reloadMonth } from './month-sums.ts'

const month = (nth: number) => ({ startMs: nth * 100, endMs: nth * 100 + 100 })
const customer = () => emptyCustomer(customerId('cus'))

test('charges add up in their month, and three months before it are remembered', () => {
  const state = customer()
  for (const nth of [1, 1, 2, 3, 4, 5]) charge(state, month(nth), BigInt(nth))

  assert.deepEqual(state.spend, { ...month(5), spentNanos: 5n })
  assert.deepEqual(
    state.spendBefore.map(({ startMs, spentNanos }) => [startMs, spentNanos]),
    [
      [200, 2n],
      [300, 3n],
      [400, 4n],
    ],
  )
})

test('a clock that goes back adds to what was charged in that month, and forgets none', () => {
  const state = customer()
  for (const nth of [1, 2, 3]) charge(state, month(nth), BigInt(nth))
  charge(state, month(1), 10n)

  assert.deepEqual(state.spend, { ...month(1), spentNanos: 11n })
  assert.deepEqual(
    state.spendBefore.map(({ startMs }) => startMs),
    [200, 300],
  )
  charge(state, month(3), 10n)
  assert.deepEqual(state.spend, { ...month(3), spentNanos: 13n })
  assert.deepEqual(
    state.spendBefore.map(({ startMs }) => startMs),
    [200, 100],
  )
})

test('reloads are counted and summed by month', () => {
  const state = customer()
  countReload(state, month(1), 5n)
  countReload(state, month(1), 6n)
  countReload(state, month(2), 7n)
  const shown = (nowMs: number): unknown => {
    const { startMs, count, reloadedNanos } = reloadMonth(state, nowMs)
    return [startMs, count, reloadedNanos]
  }
  assert.deepEqual([100, 199, 200, 299].map(shown), [
    [100, 2, 11n],
    [100, 2, 11n],
    [200, 1, 7n],
    [200, 1, 7n],
  ])
  countReload(state, month(1), 1n)
  assert.deepEqual(shown(150), [100, 3, 12n])
  assert.deepEqual(shown(250), [200, 1, 7n])
})

test('a month without a reload is that of the customer’s zone, with none', () => {
  const state = customer()
  state.zone = 'Asia/Tokyo'
  const tokyo = { startMs: Date.UTC(2026, 9, 31, 15), endMs: Date.UTC(2026, 10, 30, 15) }
  const none = { ...tokyo, count: 0, reloadedNanos: 0n }
  assert.deepEqual(reloadMonth(state, Date.UTC(2026, 10, 5)), none)
  countReload(state, month(1), 5n)
  assert.deepEqual(reloadMonth(state, Date.UTC(2026, 10, 5)), none)
})

test('what the operator absorbs is summed by UTC month, whatever zone the customer is in', () => {
  const state = customer()
  state.zone = 'Asia/Tokyo'
  const november = { startMs: Date.UTC(2026, 10, 1), endMs: Date.UTC(2026, 11, 1) }
  const first = overrunMonth(state, Date.UTC(2026, 10, 30, 23))
  first.bookedNanos += 5n
  assert.deepEqual(state.overrun, { ...november, bookedNanos: 5n, lostNanos: 0n })
  assert.equal(overrunMonth(state, Date.UTC(2026, 11, 1)).bookedNanos, 0n)
  assert.equal(overrunMonth(state, Date.UTC(2026, 10, 1)), first)
  assert.deepEqual(
    state.overrunBefore.map(({ startMs }) => startMs),
    [november.endMs],
  )
})
