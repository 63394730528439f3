import type { CustomerState } from '../core/account.ts'
import type { AutoReloadFigures } from '../core/decision.ts'
import { autoReloadFigures } from '../core/figures.ts'
import type { CustomerId } from '../core/ids.ts'
import type { Nanos } from '../core/money.ts'
import { availableNanos, spendMonth, spentNanos } from '../core/wallet.ts'
import { UnknownScopeError, type NamedCustomer } from '../storage/storage.ts'
import { nextTurn } from '../system/next-turn.ts'
import { castOfDemoWorld, hiddenCustomers } from './demo-world.ts'
import { isServed } from './is-served.ts'
import { unlessDamaged, type Unreadable } from './past-damage.ts'
import { plainText } from './plain-text.ts'
import type { Parts } from './parts.ts'

/** A customer's shared rows as the operator sees them. Balance and cap are two numbers, here too (D15). */
export type CustomerOverview = {
  readonly customerId: CustomerId
  readonly name: string | null
  readonly isActive: boolean
  /** False while the customer is in quarantine (docs/decisions/0024-a-customer-in-quarantine.md). */
  readonly isServed: boolean
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
  readonly autoReload: AutoReloadFigures
  /** Made by the first start to be looked at. */
  readonly isOfDemoWorld: boolean
}

export type CustomerPage = {
  readonly customers: readonly CustomerOverview[]
  /** Of this page those whose entries cannot be read. */
  readonly unreadable: readonly Unreadable<CustomerId>[]
  /** Set when there are more: ask again with it. */
  readonly afterPosition: number | null
}

/**
 * Customers in the order in which they were opened; those that `search` finds in a name or an id, if it is given.
 * A demo world that was removed is in no list.
 */
export async function listCustomers(
  parts: Pick<Parts, 'storage'>,
  query: { readonly afterPosition: number; readonly rowsMax: number; readonly search?: string },
): Promise<CustomerPage> {
  const { rowsMax, search = '' } = query
  const hidden = await hiddenCustomers(parts)
  const wanted = plainText(search)
  const isWanted = ({ customerId, name }: NamedCustomer): boolean =>
    !hidden.has(customerId) &&
    (wanted === '' ||
      plainText(name ?? '').includes(wanted) ||
      plainText(customerId).includes(wanted))
  const found: NamedCustomer[] = []
  for await (const customer of eachCustomer(parts, query.afterPosition)) {
    if (isWanted(customer)) found.push(customer)
    if (found.length > rowsMax) break
  }
  const shown = found.slice(0, rowsMax)
  const customers: CustomerOverview[] = []
  const unreadable: Unreadable<CustomerId>[] = []
  for (const { customerId, name } of shown) {
    const read = await unlessDamaged(getCustomer(parts, customerId))
    if ('answer' in read) customers.push(read.answer)
    else unreadable.push({ id: customerId, name, ...read })
  }
  const last = shown.at(-1)
  const hasMore = found.length > rowsMax && last !== undefined
  return { customers, unreadable, afterPosition: hasMore ? last.position : null }
}

/** So many are read at once; others get a turn in between. */
const rowsAtOnce = 1000

async function* eachCustomer({ storage }: Pick<Parts, 'storage'>, afterPosition: number) {
  for (let after = afterPosition; ;) {
    const rows = await storage.customers({ afterPosition: after, rowsMax: rowsAtOnce })
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < rowsAtOnce) return
    after = last.position
    await nextTurn()
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
  const cast = await castOfDemoWorld({ storage })
  return {
    ...sums,
    name: person?.name ?? null,
    isServed: isServed({ storage }, customerId),
    memberCount: members.length,
    isOfDemoWorld: cast.includes(customerId),
  }
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
  autoReload: autoReloadFigures(customer, nowMs),
})
