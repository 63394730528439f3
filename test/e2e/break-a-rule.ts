import assert from 'node:assert/strict'
import type { CustomerId } from '../../src/core/ids.ts'
import type { GateParts } from '../../src/operations/parts.ts'
import { StorageUnavailableError } from '../../src/storage/storage.ts'

/** What a fault in a rule would do: an entry that moves money which is not there. Its customer is in quarantine then. */
export async function breakARule(
  { storage }: Pick<GateParts, 'storage'>,
  customerId: CustomerId,
): Promise<void> {
  const change = storage.updateCustomer(customerId, (_state, { nowMs }) => ({
    answer: undefined,
    entries: [
      {
        atMs: nowMs,
        legs: [{ from: 'grant:none:available', to: 'grant:none:spent', amount: 1n }],
        body: { kind: 'extra_usage_set', scope: 'customer', isOn: false },
      },
    ],
  }))
  await assert.rejects(change, StorageUnavailableError)
}
