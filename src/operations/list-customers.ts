import type { CustomerState } from '../core/account.ts'
import type { CustomerId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { availableNanos, spendMonth, spentNanos } from '../core/wallet.ts'
import { UnknownScopeError } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/** A customer's shared rows as the operator sees them. Balance and cap are two numbers, here too (D15). */
export type CustomerOverview = {
  readonly customerId: CustomerId
  readonly name: string | null
  readonly isActive: boolean
  readonly zone: string
  readonly isExtraUsageOn: boolean
  /** Null is unlimited: up to the balance. */
  readonly capNanos: Nanos | null
  /** Held money included. */
  readonly balanceNanos: Nanos
  readonly heldNanos: Nanos
  readonly spentNanos: Nanos
  readonly capResetMs: number
  readonly memberCount: number
}

export type CustomerPage = {
  readonly customers: readonly CustomerOverview[]
  /** Set when there are more: ask again with it. */
  readonly afterPosition: number | null
}

/** Customers in the order in which they were opened. */
export async function listCustomers(
  parts: Pick<Parts, 'storage'>,
  query: { readonly afterPosition: number; readonly rowsMax: number },
): Promise<CustomerPage> {
  const { afterPosition, rowsMax } = query
  const opened = await parts.storage.entries({ kind: 'customer_opened', afterPosition, rowsMax })
  const customers: CustomerOverview[] = []
  for (const entry of opened) customers.push(await getCustomer(parts, entry.customerId))
  const last = opened.at(-1)
  return {
    customers,
    afterPosition: opened.length === rowsMax && last !== undefined ? last.position : null,
  }
}

/** One customer; throws `UnknownScopeError` when it was never opened. */
export async function getCustomer(
  { storage }: Pick<Parts, 'storage'>,
  customerId: CustomerId,
): Promise<CustomerOverview> {
  const sums = await storage.updateCustomer(customerId, ({ customer }, { nowMs }) => ({
    answer: customer.isOpen ? sumsOf(customer, nowMs) : null,
    entries: [],
  }))
  if (sums === null) throw new UnknownScopeError(`There is no customer "${customerId}"`)
  const members = await storage.members(customerId)
  const person = await storage.findPerson(customerId)
  return { ...sums, name: person?.name ?? null, memberCount: members.length }
}

const sumsOf = (customer: CustomerState, nowMs: number) => ({
  customerId: customer.customerId,
  isActive: customer.isActive,
  zone: customer.zone,
  isExtraUsageOn: customer.extraUsage.isOn,
  capNanos: customer.cap.kind === 'capped' ? customer.cap.amountNanos : null,
  balanceNanos: availableNanos(customer, nowMs) + customer.heldNanos,
  heldNanos: customer.heldNanos,
  spentNanos: spentNanos(customer, nowMs),
  capResetMs: spendMonth(customer, customer.zone, nowMs).endMs,
})
