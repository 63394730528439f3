import {
  customerId,
  memberId,
  operationId,
  planId,
  type CustomerId,
  type MemberId,
} from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'

/** The member that a first start makes, so that there is something to try at once. */
export const demoCustomerId: CustomerId = customerId('demo')
export const demoMemberId: MemberId = memberId('demo')

/** What a first start asks for; the same keys at every start, so that it happens once. */
export const demoCommands = {
  open: { operationId: operationId('first-start:customer'), actor: 'system' },
  seat: { operationId: operationId('first-start:member'), actor: 'system' },
  key: { operationId: operationId('first-start:key'), actor: 'system' },
} as const

/** The seat of the demo member: the first plan that is published when there is no plan "pro". */
export const demoPlanId = planId('pro')

export type DemoTerms = { readonly overrunMaxNanos: Nanos; readonly runningMax: number }
