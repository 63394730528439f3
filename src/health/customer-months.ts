import type { CustomerId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { StorageUnavailableError, type Storage } from '../storage/storage.ts'

/** What a customer's running month costs the operator. */
export type CustomerMonth = {
  readonly customerId: CustomerId
  readonly overrunNanos: Nanos
  readonly overrunMaxNanos: Nanos
  readonly lostNanos: Nanos
}

/** Customers whose books cannot be read are left out: that they cannot is told by a check of its own. */
export async function monthsOf(
  storage: Storage,
  ids: readonly CustomerId[],
): Promise<readonly CustomerMonth[]> {
  const months: CustomerMonth[] = []
  for (const customerId of ids) {
    try {
      months.push(await monthOf(storage, customerId))
    } catch (error) {
      if (!(error instanceof StorageUnavailableError)) throw error
    }
  }
  return months
}

function monthOf(storage: Storage, customerId: CustomerId): Promise<CustomerMonth> {
  return storage.updateCustomer(customerId, ({ customer }, { nowMs }) => {
    const { overrun, overrunBefore, overrunMaxNanos } = customer
    // What was booked last may be of the month before: an overrun is of the month of its hold.
    const months = overrun === null ? [] : [overrun, ...overrunBefore]
    const current = months.find(({ startMs, endMs }) => startMs <= nowMs && nowMs < endMs)
    const overrunNanos = current?.bookedNanos ?? 0n
    const lostNanos = current?.lostNanos ?? 0n
    return { answer: { customerId, overrunNanos, overrunMaxNanos, lostNanos }, entries: [] }
  })
}
