import type { Entry } from '../../../src/core/entry.ts'
import type { BootId, CustomerId, HoldId, OperationId } from '../../../src/core/ids.ts'
import type { JournalRow } from '../../../src/storage/entry-codec.ts'
import type { MemberScope } from '../../../src/storage/storage.ts'

/** What a node and the database of all nodes say to each other. */

/** One process that serves: its name is its row among the leases, and each of its starts has a boot id of its own. */
export type NodeName = { readonly name: string; readonly bootId: BootId }

export type DatabaseHold = MemberScope & {
  readonly holdId: HoldId
  readonly bootId: BootId
  readonly position: number
  /** How long it may live yet. */
  readonly leftMs: number
}

/** A customer as it is in one transaction, told as what is new since the positions that the node knows. */
export type Snapshot = {
  /** Of the last entry of all. */
  readonly position: number
  /** The customer's clock of record. */
  readonly nowMs: number
  /** Entries of this customer may not be earlier. */
  readonly lastMs: number
  readonly entries: readonly Entry[]
  readonly systemEntries: readonly Entry[]
  readonly holds: readonly DatabaseHold[]
  /** The entry that used this idempotency key before. */
  readonly first: Entry | undefined
}

export type SnapshotQuestion = {
  readonly customerId: CustomerId
  readonly known: number
  readonly systemKnown: number
  readonly operationId?: OperationId
}

export type CommitOrder = {
  readonly node: NodeName
  /** Names this attempt, so that it happens once at most, and can be kept from happening. */
  readonly commitId: string
  readonly customerId: CustomerId
  /** Positions of the last entries that the change has read; when there are newer ones, it is refused. */
  readonly known: number
  readonly systemKnown: number
  /** Their positions are given by the database. */
  readonly rows: readonly JournalRow[]
  /** Only while this hold is left: its time is up, or the lease of its node is over. */
  readonly onlyIfLeft?: HoldId
}

export type CommitAnswer =
  /** With the customer's open holds behind it. */
  | { readonly kind: 'done'; readonly position: number; readonly holds: readonly DatabaseHold[] }
  /** Another node has changed the customer or the installation in between. */
  | { readonly kind: 'conflict' }
  /** The key of an operation was used before. */
  | { readonly kind: 'repeated'; readonly first: Entry }
  | { readonly kind: 'lease over' }
  /** Another process has this node's name now, or this attempt was kept from happening. */
  | { readonly kind: 'fenced' }
  | { readonly kind: 'not left' }

/** Mistakes of a storage for many nodes, which a test switches on to see them found. */
export const nodeBugs = [
  'commits check no version',
  'refusals rest on old sums',
  'leases are not looked at',
  'an unknown commit is taken for a failed one',
  'expiries are written unseen',
] as const
export type NodeBug = (typeof nodeBugs)[number]

/** A node asks, and the database answers; rejects with `StorageUnavailableError` when it is not known whether it heard. */
export interface Wire {
  ask<Answer>(name: string, act: () => Answer | Promise<Answer>): Promise<Answer>
}
