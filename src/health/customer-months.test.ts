import assert from 'node:assert/strict'
import test from 'node:test'
import { customerId } from '../core/ids.ts'
import type { OverrunWindow } from '../core/account.ts'
import type { Storage } from '../storage/storage.ts'
import { monthsOf } from './customer-months.ts'

const month = (startMs: number, bookedNanos: bigint): OverrunWindow => ({
  startMs,
  endMs: startMs + 30,
  bookedNanos,
  lostNanos: 2n * bookedNanos,
})

test('the running month counts, also where a month after or before it was booked last', async () => {
  const customers: Record<string, readonly [OverrunWindow | null, readonly OverrunWindow[]]> = {
    quiet: [null, []],
    now: [month(30, 7n), [month(0, 5n)]],
    late: [month(0, 5n), [month(30, 9n)]],
    past: [month(0, 5n), []],
  }
  const updateCustomer = (
    id: string,
    change: (account: object, context: object) => { readonly answer: unknown },
  ) => {
    const [overrun, overrunBefore] = customers[id] ?? [null, []]
    const customer = { overrun, overrunBefore, overrunMaxNanos: 100n }
    return Promise.resolve(change({ customer }, { nowMs: 59 }).answer)
  }
  const storage = { updateCustomer } as unknown as Storage

  const months = await monthsOf(storage, Object.keys(customers).map(customerId))

  assert.deepEqual(
    months.map(({ overrunNanos, lostNanos }) => [overrunNanos, lostNanos]),
    [
      [0n, 0n],
      [7n, 14n],
      [9n, 18n],
      [0n, 0n],
    ],
  )
})
