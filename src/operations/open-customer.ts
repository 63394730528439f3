import type { SpendCap } from '../core/account.ts'
import { openCustomer as draftOpening } from '../core/commands.ts'
import { customerId, type CustomerId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { OperationConflictError } from '../storage/storage.ts'
import { digestOf, runCommand, type Command } from './command.ts'
import type { Parts } from './parts.ts'

export type OpenCustomer = Command & {
  /** Chosen by the caller, or made from the idempotency key. */
  readonly customerId?: CustomerId
  /** For people only; kept apart from the journal so that it can be erased. */
  readonly name?: string
  /** IANA zone of the month that the spend cap counts over. */
  readonly zone: string
  readonly isExtraUsageOn: boolean
  readonly cap: SpendCap
  readonly overrunMaxNanos: Nanos
  readonly isStrict: boolean
  readonly runningMax: number
}

/** Makes a customer with its wallet, switch and cap. Opening one twice with another key is a conflict. */
export async function openCustomer(
  parts: Parts,
  command: OpenCustomer,
): Promise<{ readonly customerId: CustomerId }> {
  const { operationId, actor, name, ...terms } = command
  const id = command.customerId ?? customerId(`cus_${digestOf({ open: operationId }).slice(0, 16)}`)
  const { customerId: _given, ...settings } = terms
  await runCommand(
    parts,
    { customerId: id, memberId: null, operationId, actor },
    {
      content: { open: id, ...settings },
      name: { id, text: name },
      draft: ({ customer }, context) => {
        if (customer.isOpen) throw new OperationConflictError(`Customer "${id}" exists already`)
        return draftOpening(settings, context)
      },
    },
  )
  return { customerId: id }
}
