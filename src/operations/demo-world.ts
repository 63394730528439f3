import type { Actor } from '../core/entry.ts'
import { operationId, type CustomerId, type OperationId } from '../core/ids.ts'
import type { Storage } from '../storage/storage.ts'
import { erasePersons } from './erase-persons.ts'
import { listKeys } from './list-keys.ts'
import type { Parts } from './parts.ts'
import { revokeKey } from './revoke-key.ts'
import { setStatus } from './set-status.ts'

/**
 * The demo world: customers that a first start made, so that there is something to look at. What marks them is the
 * idempotency key that opened them, and what hides them is the one that paused them: both are in the journal, so a
 * restart, a backup and a restore keep them. No rule about limits or money reads either.
 */
export const demoOpeningFirst = 'first-start:customer'
export const demoOpening = (customer: CustomerId): OperationId =>
  operationId(`${demoOpeningFirst}:${customer}`)
const removalFirst = 'demo-world:'
const removal = operationId(`${removalFirst}remove`)
/** What the removal itself wrote stays in the audit log. */
export const isOfRemoval = (key: string | undefined): boolean =>
  key?.startsWith(removalFirst) === true

/** They are made in an empty journal, so nobody was opened before them. */
const demoCustomersMax = 16

type Reading = Pick<Parts, 'storage'>

/** The customers that a first start made, hidden ones too. */
async function demoCustomers({ storage }: Reading): Promise<readonly CustomerId[]> {
  const opened = await storage.entries({ kind: 'customer_opened', rowsMax: demoCustomersMax })
  const isDemo = (key: string | undefined): boolean =>
    key === demoOpeningFirst || key?.startsWith(`${demoOpeningFirst}:`) === true
  return opened.filter((entry) => isDemo(entry.operationId)).map((entry) => entry.customerId)
}

/** What is known of a journal while this process owns it; only `removeDemoWorld` changes it. */
type Known = { readonly demo: readonly CustomerId[]; readonly hidden: ReadonlySet<CustomerId> }
const known = new WeakMap<Storage, Promise<Known>>()

function know({ storage }: Reading): Promise<Known> {
  const found = known.get(storage) ?? look({ storage })
  known.set(storage, found)
  found.catch(() => known.delete(storage))
  return found
}

async function look({ storage }: Reading): Promise<Known> {
  const demo = await demoCustomers({ storage })
  const hidden = new Set<CustomerId>()
  for (const customerId of demo) {
    const [entry] = await storage.entries({ customerId, operationId: removal })
    if (entry !== undefined) hidden.add(customerId)
  }
  return { demo, hidden }
}

/** Customers that no list, total or chart shows: those of a demo world that was removed. */
export const hiddenCustomers = async (parts: Reading): Promise<ReadonlySet<CustomerId>> =>
  (await know(parts)).hidden

/** Those of the demo world that are shown, but for the customer whose key a first start prints. */
export async function castOfDemoWorld(parts: Reading): Promise<readonly CustomerId[]> {
  const { demo, hidden } = await know(parts)
  return demo.slice(1).filter((customerId) => !hidden.has(customerId))
}

/** Whether there is a demo world to look at: more than the one customer that every first start makes. */
export const hasDemoWorld = async (parts: Reading): Promise<boolean> =>
  (await castOfDemoWorld(parts)).length > 0

export type RemovedDemoWorld = {
  /** Whom this call removed; nobody when it was done before, or there never was one. */
  readonly removed: readonly CustomerId[]
  readonly keysRevoked: number
  /** Accounts at the console of people who belonged to them; they are gone, and signed in nowhere any more. */
  readonly accountsRemoved: number
  /** False while a file still holds a name that was erased; the server goes on until none does. */
  readonly isComplete: boolean
}

/**
 * Takes the demo world out of sight: keys revoked, customers paused and hidden, names and accounts erased. Its entries
 * stay, as every entry does. What a crash left half done, the next call finishes; `removal` is written last.
 */
export async function removeDemoWorld(
  parts: Parts,
  { actor }: { readonly actor: Actor },
): Promise<RemovedDemoWorld> {
  const demo = await demoCustomers(parts)
  const { hidden } = await look(parts)
  const removed = demo.filter((customerId) => !hidden.has(customerId))
  let keysRevoked = 0
  let accountsRemoved = 0
  let isComplete = true
  try {
    for (const customerId of removed) {
      keysRevoked += await revokeKeys(parts, { customerId, actor })
      accountsRemoved += (await parts.storage.accountsOf({ customerId })).length
      const erasure = await erasePersons(parts, { customerId })
      isComplete &&= erasure.isComplete
      const command = { operationId: removal, actor, isActive: false }
      await setStatus(parts, { customerId, memberId: null, ...command })
    }
  } finally {
    // Also where it was broken off half way: those that are hidden by then are so from now on.
    known.delete(parts.storage)
  }
  return { removed, keysRevoked, accountsRemoved, isComplete }
}

/** Answers how many were revoked now. */
async function revokeKeys(
  parts: Parts,
  { customerId, actor }: { readonly customerId: CustomerId; readonly actor: Actor },
): Promise<number> {
  let count = 0
  for (const { keyId, memberId, revokedAtMs } of await listKeys(parts, customerId)) {
    if (revokedAtMs !== null) continue
    const command = { operationId: operationId(`${removalFirst}revoke:${keyId}`), actor }
    await revokeKey(parts, { customerId, memberId, keyId, ...command })
    count += 1
  }
  return count
}
