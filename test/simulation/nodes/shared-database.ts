import { join } from 'node:path'
import type { Entry } from '../../../src/core/entry.ts'
import {
  systemCustomerId,
  type BootId,
  type CustomerId,
  type HoldId,
  type OperationId,
} from '../../../src/core/ids.ts'
import { decodeEntry, type JournalRow } from '../../../src/storage/entry-codec.ts'
import { prepareJournal } from '../../../src/storage/sqlite-file/journal-file.ts'
import { JournalReader } from '../../../src/storage/sqlite-file/journal-reader.ts'
import {
  openJournalWriter,
  type JournalWriter,
  type SideWrite,
} from '../../../src/storage/sqlite-log/journal-writer.ts'
import type { SignInAnswer } from '../../../src/storage/console-storage.ts'
import type { Clock } from '../../../src/system/clock.ts'
import { RecordClock } from '../../../src/system/record-clock.ts'
import type {
  CommitAnswer,
  CommitOrder,
  DatabaseHold,
  NodeBug,
  NodeName,
  Snapshot,
  SnapshotQuestion,
} from './database-types.ts'

/** A node that says nothing for so long is taken for dead, and its holds expire. */
export const leaseMs = 15_000

type Hold = Omit<DatabaseHold, 'leftMs'> & { readonly dueMs: number }
type Customer = { readonly entries: Entry[]; readonly holds: Map<HoldId, Hold>; lastMs: number }
type Lease = { readonly bootId: BootId; untilMs: number }

/**
 * The database that several nodes share, as PostgreSQL is for them: each method is one transaction, and nothing comes
 * between. It keeps entries in the order in which they were committed, with hash chains, in a journal file of the
 * usual form, so that everything that reads one reads this. It never crashes; what happens on the way to it and back
 * is the wire's business.
 */
export class SharedDatabase {
  readonly reader: JournalReader
  readonly bugs = new Set<NodeBug>()
  /** Entries that expired a hold whose node lived. */
  readonly livingExpiries = new Set<number>()
  /** What commits were answered, and how often. */
  readonly answers = new Map<CommitAnswer['kind'], number>()
  /** Told of every commit. */
  readonly onCommit = new Set<(rows: readonly JournalRow[], position: number) => void>()
  /** So many of the next commits are refused although nothing is in their way. */
  refusalsLeft = 0
  readonly #writer: JournalWriter
  readonly #clock: Clock
  readonly #recordClock: RecordClock
  readonly #customers = new Map<CustomerId, Customer>()
  readonly #leases = new Map<string, Lease>()
  readonly #commits = new Map<string, CommitAnswer>()
  #position = 0

  constructor(folder: string, clock: Clock) {
    const path = join(folder, 'journal.db')
    prepareJournal(path, undefined, () => undefined)
    this.reader = new JournalReader(path)
    this.#writer = openJournalWriter(path)
    this.#clock = clock
    this.#recordClock = new RecordClock({ clock, lastMs: undefined, onChange: () => undefined })
  }

  get position(): number {
    return this.#position
  }

  async close(): Promise<void> {
    this.reader.close()
    await this.#writer.close()
  }

  /** From now on the name is this process's; whoever had it before writes nothing any more, and its holds are left. */
  register({ name, bootId }: NodeName): void {
    this.#leases.set(name, { bootId, untilMs: this.#clock.elapsedMs() + leaseMs })
  }

  /** False when another process has the name now. */
  renew({ name, bootId }: NodeName): boolean {
    const lease = this.#leases.get(name)
    if (lease?.bootId !== bootId) return false
    lease.untilMs = this.#clock.elapsedMs() + leaseMs
    return true
  }

  /** A node that stops in order ends its lease, and what it could not end is left to others at once. */
  leave({ name, bootId }: NodeName): void {
    if (this.#leases.get(name)?.bootId === bootId) this.#leases.delete(name)
  }

  read({ customerId, known, systemKnown, operationId }: SnapshotQuestion): Snapshot {
    const customer = this.#customers.get(customerId)
    const system = this.#customers.get(systemCustomerId)
    const lastMs = Math.max(customer?.lastMs ?? 0, system?.lastMs ?? 0)
    return {
      position: this.#position,
      nowMs: Math.max(lastMs, this.#recordClock.nowMs()),
      lastMs,
      entries: since(customer, known),
      systemEntries: since(system, systemKnown),
      holds: this.#holdsOf(customer),
      first:
        operationId === undefined ? undefined : this.reader.findOperation(customerId, operationId),
    }
  }

  /** The first answer to an attempt stays its answer, however often the order arrives. */
  async commit(order: CommitOrder): Promise<CommitAnswer> {
    const known = this.#commits.get(order.commitId)
    if (known !== undefined) return known
    const answer = this.#refusalOf(order) ?? this.#write(order)
    this.#commits.set(order.commitId, answer)
    this.answers.set(answer.kind, (this.answers.get(answer.kind) ?? 0) + 1)
    return answer
  }

  /** Whether this attempt has happened; when it has not, it never will. */
  fence(commitId: string): boolean {
    const answer = this.#commits.get(commitId) ?? { kind: 'fenced' }
    this.#commits.set(commitId, answer)
    return answer.kind === 'done'
  }

  async write(side: SideWrite): Promise<SignInAnswer> {
    return this.#writer.write(side)
  }

  /** All open holds, in journal order. */
  holds(): readonly DatabaseHold[] {
    const all = [...this.#customers.values()].flatMap((customer) => this.#holdsOf(customer))
    return all.toSorted((left, right) => left.position - right.position)
  }

  /** Holds that somebody has to expire: their time is up, or their node is dead. */
  leftHolds(asker: NodeName): readonly DatabaseHold[] {
    return this.holds().filter(
      (hold) =>
        this.#isLeft(hold) ||
        (this.bugs.has('leases are not looked at') && hold.bootId !== asker.bootId),
    )
  }

  customerEntries(customerId: CustomerId): readonly Entry[] {
    return this.#customers.get(customerId)?.entries ?? []
  }

  #holdsOf(customer: Customer | undefined): readonly DatabaseHold[] {
    const elapsedMs = this.#clock.elapsedMs()
    return [...(customer?.holds.values() ?? [])].map(({ dueMs, ...hold }) => ({
      ...hold,
      leftMs: dueMs - elapsedMs,
    }))
  }

  #isLeft({ bootId, leftMs }: DatabaseHold): boolean {
    return leftMs <= 0 || !this.#isAlive(bootId)
  }

  #isAlive(bootId: BootId): boolean {
    const elapsedMs = this.#clock.elapsedMs()
    return [...this.#leases.values()].some(
      (one) => one.bootId === bootId && one.untilMs > elapsedMs,
    )
  }

  #refusalOf(order: CommitOrder): CommitAnswer | undefined {
    const { node, customerId, rows, onlyIfLeft } = order
    const lease = this.#leases.get(node.name)
    if (lease?.bootId !== node.bootId) return { kind: 'fenced' }
    if (lease.untilMs <= this.#clock.elapsedMs()) return { kind: 'lease over' }
    if (this.refusalsLeft > 0) {
      this.refusalsLeft -= 1
      return { kind: 'conflict' }
    }
    if (!this.#isNewest(order) && !this.#isUnchecked(order)) return { kind: 'conflict' }
    for (const { operationId } of rows) {
      const first = operationId === null ? undefined : this.#used(customerId, operationId)
      if (first !== undefined) return { kind: 'repeated', first }
    }
    if (onlyIfLeft === undefined || this.bugs.has('leases are not looked at')) return undefined
    const hold = this.#holdsOf(this.#customers.get(customerId)).find(
      ({ holdId }) => holdId === onlyIfLeft,
    )
    const isUnseen = hold === undefined && this.bugs.has('expiries are written unseen')
    return isUnseen || (hold !== undefined && this.#isLeft(hold)) ? undefined : { kind: 'not left' }
  }

  #isNewest({ customerId, known, systemKnown }: CommitOrder): boolean {
    return this.#lastOf(customerId) === known && this.#lastOf(systemCustomerId) === systemKnown
  }

  #isUnchecked({ onlyIfLeft }: CommitOrder): boolean {
    if (this.bugs.has('commits check no version')) return true
    return onlyIfLeft !== undefined && this.bugs.has('expiries are written unseen')
  }

  #used(customerId: CustomerId, id: OperationId): Entry | undefined {
    return this.reader.findOperation(customerId, id)
  }

  #lastOf(customerId: CustomerId): number {
    return this.#customers.get(customerId)?.entries.at(-1)?.position ?? 0
  }

  #write({ customerId, rows }: CommitOrder): CommitAnswer {
    const placed = rows.map((row, index) => ({ ...row, position: this.#position + 1 + index }))
    // The file is in memory and this thread writes it: the promise has nothing left to wait for.
    void this.#writer.commit({ rows: placed, snapshots: [] })
    this.#position += placed.length
    const customer = this.#customerOf(customerId)
    for (const row of placed) this.#follow(customer, decodeEntry(row))
    for (const tell of this.onCommit) tell(placed, this.#position)
    return { kind: 'done', position: this.#position, holds: this.#holdsOf(customer) }
  }

  #customerOf(customerId: CustomerId): Customer {
    const known = this.#customers.get(customerId)
    if (known !== undefined) return known
    const made = { entries: [], holds: new Map(), lastMs: 0 }
    this.#customers.set(customerId, made)
    return made
  }

  #follow(customer: Customer, entry: Entry): void {
    const { body, customerId, memberId, position, atMs } = entry
    customer.entries.push(entry)
    customer.lastMs = Math.max(customer.lastMs, atMs)
    if (body.kind === 'held' && memberId !== null) {
      const { holdId, bootId, expiresAtMs } = body
      const dueMs = this.#clock.elapsedMs() + expiresAtMs - atMs
      customer.holds.set(holdId, { customerId, memberId, holdId, bootId, position, dueMs })
    } else if (body.kind === 'settled' || body.kind === 'voided' || body.kind === 'expired') {
      const hold = customer.holds.get(body.holdId)
      const isOfALiving = hold !== undefined && this.#isAlive(hold.bootId)
      if (body.kind === 'expired' && isOfALiving) this.livingExpiries.add(position)
      customer.holds.delete(body.holdId)
    }
  }
}

function since(customer: Customer | undefined, known: number): readonly Entry[] {
  if (customer === undefined) return []
  const last = customer.entries.findLastIndex(({ position }) => position <= known)
  return customer.entries.slice(last + 1)
}
