import type { CustomerId } from '../core/ids.ts'
import type { Parts } from './parts.ts'

/** False while the customer is in quarantine: its requests and changes are answered with "unavailable". */
export function isServed({ storage }: Pick<Parts, 'storage'>, customerId: CustomerId): boolean {
  try {
    storage.quarantine.assertServed(customerId)
    return true
  } catch {
    return false
  }
}
