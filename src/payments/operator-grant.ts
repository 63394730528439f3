import { standingOrderRefusal } from '../core/auto-reload.ts'
import type { Storage } from '../storage/storage.ts'
import type { PaymentMethod } from './payments.ts'

/**
 * The operator pays, by standing order: up to an amount per customer and month, until the order is changed. Nothing is
 * taken anywhere, so asking is reading; what was used of an order is what was booked. Booking looks at the order again.
 */
export function operatorGrant(storage: Pick<Storage, 'updateCustomer'>): PaymentMethod {
  return {
    name: 'operator_grant',
    pay: ({ customerId, amountNanos }) =>
      storage.updateCustomer(customerId, ({ customer }, { nowMs }) => {
        const reason = standingOrderRefusal(customer, amountNanos, nowMs)
        const answer =
          reason === null ? ({ kind: 'paid' } as const) : { kind: 'refused' as const, reason }
        return { answer, entries: [] }
      }),
  }
}
