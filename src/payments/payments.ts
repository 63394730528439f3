import type { PaymentMethodName, PaymentRefusal } from '../core/account.ts'
import type { CustomerId, OperationId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'

/**
 * Ways to pay for a reload. A payment is asked for outside of any transaction, and booked in one afterwards, so a
 * crash or a repeat can come between the two. Therefore it has a name: whoever asks again for the payment of that
 * name gets the first answer where money was taken, and never pays twice. A refusal takes nothing, and may be asked
 * again later.
 */
export interface PaymentMethod {
  readonly name: PaymentMethodName
  pay(payment: Payment): Promise<PaymentAnswer>
}

export type Payment = {
  readonly customerId: CustomerId
  readonly key: OperationId
  readonly amountNanos: Nanos
}

export type PaymentAnswer =
  | { readonly kind: 'paid' }
  | { readonly kind: 'refused'; readonly reason: PaymentRefusal }
