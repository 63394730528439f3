import { grant as draftGrant, grantPriorities } from '../core/commands.ts'
import { grantId, type CustomerId, type GrantId } from '../core/ids.ts'
import { moneyNanosMax, type Nanos } from '../core/money.ts'
import { UnknownScopeError } from '../storage/storage.ts'
import { digestOf, runCommand, type Command } from './command.ts'
import type { Parts } from './parts.ts'

export class InvalidAmountError extends Error {
  readonly code = 'invalid_amount'
}

export class InvalidExpiryError extends Error {
  readonly code = 'invalid_expiry'
}

export type TopUp = Command & {
  readonly customerId: CustomerId
  readonly amountNanos: Nanos
  /** Bought money, or a gift of the operator; gifts burn first. */
  readonly origin: 'top_up' | 'gift'
  readonly expiresAtMs: number | null
  readonly priority?: number
}

/** Adds money to a customer's wallet, once per idempotency key. It never touches the switch (O4). */
export async function topUp(
  parts: Parts,
  command: TopUp,
): Promise<{ readonly grantId: GrantId; readonly amountNanos: Nanos }> {
  const { customerId, operationId, actor, amountNanos, origin, expiresAtMs } = command
  if (amountNanos <= 0n || amountNanos > moneyNanosMax) {
    throw new InvalidAmountError(
      'The amount must be more than zero and at most 9,223,372,036.854775807',
    )
  }
  const id = grantId(`gr_${digestOf({ customerId, topUp: operationId }).slice(0, 16)}`)
  const priority = command.priority ?? grantPriorities[origin]
  await runCommand(
    parts,
    { customerId, memberId: null, operationId, actor },
    {
      content: { topUp: amountNanos, origin, expiresAtMs, priority },
      draft: ({ customer }, context) => {
        if (!customer.isOpen) throw new UnknownScopeError(`There is no customer "${customerId}"`)
        if (expiresAtMs !== null && expiresAtMs <= context.nowMs) {
          throw new InvalidExpiryError('The expiry lies in the past; the money could never be used')
        }
        return draftGrant(
          customer,
          { grantId: id, origin, priority, expiresAtMs, amountNanos },
          context,
        )
      },
    },
  )
  return { grantId: id, amountNanos }
}
