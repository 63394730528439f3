import { hash } from 'node:crypto'
import type { CustomerId } from '../../core/ids.ts'
import type { Person } from '../storage.ts'
import type { NewAct, SignInAnswer } from '../console-storage.ts'
import type { JournalRow } from '../entry-codec.ts'
import {
  busyTimeoutMs,
  openConnection,
  readNumber,
  segmentOf,
} from '../sqlite-file/journal-file.ts'
import { workOnLog, type LogSize, type LogWork } from './log-copier.ts'
import type { SqlConnection, SqlDriver, SqlStatement, SqlValue } from '../sqlite-file/sql-driver.ts'
import { eraseAccounts, insertAct, nothingAnswered, runSignIn } from './side-writes.ts'

/** A derived row, written in the transaction of the entry whose seal vouches for it. */
export type SnapshotRow = {
  readonly customerId: string
  /** Empty for the customer's shared sums. */
  readonly memberId: string
  readonly position: number
  readonly atMs: number
  readonly state: string
}

/** Everything that one transaction makes durable. */
export type JournalBatch = {
  readonly rows: readonly JournalRow[]
  readonly snapshots: readonly SnapshotRow[]
}

/** What stands beside the journal. */
export type SideWrite =
  | { readonly kind: 'put_person'; readonly person: Person; readonly isOnce?: boolean }
  | { readonly kind: 'erase_persons'; readonly ids: readonly string[] }
  | {
      readonly kind: 'put_secret'
      readonly name: string
      readonly value: string
      readonly isReplacing?: boolean
    }
  | { readonly kind: 'drop_snapshot'; readonly customerId: string; readonly memberId: string }
  /** One statement on the tables of the console's accounts. */
  | { readonly kind: 'sign_in'; readonly sql: string; readonly values: readonly SqlValue[] }
  | { readonly kind: 'record_act'; readonly act: NewAct; readonly atMs: number }
  /** Shows that the disk takes commits, without an entry. */
  | { readonly kind: 'prove_writing' }

/**
 * The one who writes. A promise that resolves means durable; one that rejects means that nobody knows
 * until the file has been read again. The real one runs in a thread of its own (`writer-thread.ts`);
 * tests put one in its place that waits. What fails in tests is the driver below it (`sql-driver.ts`).
 */
export interface JournalWriter {
  commit(batch: JournalBatch): Promise<void>
  write(side: SideWrite): Promise<SignInAnswer>
  /** Works on the write-ahead log, between two commits. */
  tendLog(work: LogWork): Promise<LogSize>
  close(): Promise<void>
}

/** Counts recoveries, so that each proof changes something that has to reach the disk. */
const proofSql = `INSERT INTO installation (name, value) VALUES ('recoveries', '1') ON CONFLICT (name)
  DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)`

/** Customers whose last hash is remembered; of others it is read again. */
const chainsMax = 100_000

/** Stands for a name that was erased. */
export const erasedName = ''

/** The hash chain starts here. */
export const firstHash = ''

/** The content of a row that its hash covers: the columns as JSON, then the two long texts as they are. */
export function chainHash(previous: string, row: JournalRow): string {
  const columns = JSON.stringify([
    row.position,
    row.customerId,
    row.memberId,
    row.kind,
    row.atMs,
    row.operationId,
    row.operationDigest,
    row.actor,
    row.holdId,
    row.isShared,
    row.memberSeal,
    row.customerSeal,
  ])
  return hash('sha256', `${previous}\n${columns}\n${row.legs}\n${row.body}`)
}

const insertSql = `INSERT INTO journal (position, customer_id, member_id, kind, at_ms, operation_id,
  operation_digest, actor, hold_id, is_shared, member_seal, customer_seal, legs, body, hash)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const snapshotSql = `INSERT INTO snapshot (customer_id, member_id, position, at_ms, state)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT (customer_id, member_id)
  DO UPDATE SET position = excluded.position, at_ms = excluded.at_ms, state = excluded.state`

export function openJournalWriter(path: string, driver?: SqlDriver): JournalWriter {
  const connection = new WriterConnection(openConnection(path, driver))
  return {
    commit: async (batch) => connection.commit(batch),
    write: async (side) => connection.write(side),
    tendLog: async (work) => connection.tendLog(work),
    close: async () => connection.close(),
  }
}

/** Synchronous: whoever calls it waits for the disk. */
class WriterConnection {
  readonly #db: SqlConnection
  readonly #insert: SqlStatement
  readonly #snapshot: SqlStatement
  readonly #last: SqlStatement
  readonly #chains = new Map<CustomerId, string>()
  #position: number

  constructor(db: SqlConnection) {
    this.#db = db
    // Content that is replaced or deleted is overwritten with zeros: entries never are, so this costs little.
    db.exec('PRAGMA secure_delete = ON')
    this.#insert = db.prepare(insertSql)
    this.#snapshot = db.prepare(snapshotSql)
    this.#last = db.prepare('SELECT max(position) AS position FROM journal')
    this.#position = lastPosition(db)
  }

  commit(batch: JournalBatch): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      this.#checkLast()
      for (const row of batch.rows) this.#insertRow(row)
      for (const row of batch.snapshots) {
        this.#snapshot.run(row.customerId, row.memberId, row.position, row.atMs, row.state)
      }
      this.#db.exec('COMMIT')
    } catch (cause) {
      this.#forget()
      throw cause
    }
  }

  write(side: SideWrite): SignInAnswer {
    if (side.kind === 'sign_in') return runSignIn(this.#db, side.sql, side.values)
    this.#writeBeside(side)
    return nothingAnswered
  }

  #writeBeside(side: Exclude<SideWrite, { kind: 'sign_in' }>): void {
    switch (side.kind) {
      case 'put_person':
        this.#db
          .prepare(
            `INSERT INTO person (id, name, email) VALUES (?, ?, ?) ON CONFLICT (id)
             ${side.isOnce ? 'DO NOTHING' : 'DO UPDATE SET name = excluded.name, email = excluded.email'}`,
          )
          .run(side.person.id, side.person.name, side.person.email)
        return
      case 'erase_persons':
        this.#erase(side.ids)
        return
      case 'put_secret':
        this.#db
          .prepare(
            `INSERT INTO installation (name, value) VALUES (?, ?) ON CONFLICT
             ${side.isReplacing ? '(name) DO UPDATE SET value = excluded.value' : 'DO NOTHING'}`,
          )
          .run(side.name, side.value)
        return
      case 'drop_snapshot':
        this.#db
          .prepare('DELETE FROM snapshot WHERE customer_id = ? AND member_id = ?')
          .run(side.customerId, side.memberId)
        return
      case 'record_act':
        insertAct(this.#db, side.act, side.atMs)
        return
      case 'prove_writing':
        this.#proveWriting()
        return
    }
  }

  #proveWriting(): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      this.#db.exec(proofSql)
      this.#db.exec('COMMIT')
    } catch (cause) {
      this.#forget()
      throw cause
    }
  }

  /** Whoever reads an old state is not waited for: commits wait behind this. */
  tendLog(work: LogWork): LogSize {
    this.#db.exec('PRAGMA busy_timeout = 0')
    try {
      return workOnLog(this.#db, work)
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    }
  }

  close(): void {
    this.#db.close()
  }

  /** Within the transaction: whatever another hand wrote or took away, nothing is added to it. */
  #checkLast(): void {
    const last = Number(this.#last.get()?.['position'] ?? 0)
    if (last === this.#position) return
    throw new Error(`The journal ends with entry ${last}, and entry ${this.#position} was written`)
  }

  #insertRow(row: JournalRow): void {
    if (row.position !== this.#position + 1) {
      throw new Error(`Entry ${row.position} does not follow entry ${this.#position}`)
    }
    const chained = chainHash(this.#chainOf(row.customerId), row)
    this.#insert.run(
      row.position,
      row.customerId,
      row.memberId,
      row.kind,
      row.atMs,
      row.operationId,
      row.operationDigest,
      row.actor,
      row.holdId,
      row.isShared,
      row.memberSeal,
      row.customerSeal,
      row.legs,
      row.body,
      chained,
    )
    this.#position = row.position
    this.#chains.set(row.customerId, chained)
    if (this.#chains.size > chainsMax) this.#dropOldestChain()
  }

  #chainOf(customerId: CustomerId): string {
    return this.#chains.get(customerId) ?? readChain(this.#db, customerId)
  }

  #dropOldestChain(): void {
    for (const oldest of this.#chains.keys()) {
      this.#chains.delete(oldest)
      return
    }
  }

  /** After a failure nothing that was remembered is believed. */
  #forget(): void {
    this.#chains.clear()
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    this.#position = lastPosition(this.#db)
  }

  /**
   * Writes the table anew, with nothing of them but their ids, so that a repeated command does not bring a name back: a page that 0.1.0 split or filled up may hold an old copy of a row, which
   * deleting that row leaves there. The log still holds all of it, until it is emptied (`LogKeeper.empty`).
   */
  #erase(ids: readonly string[]): void {
    const erased = new Set(ids)
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const rows = this.#db.prepare('SELECT id, name, email FROM person ORDER BY id').all()
      this.#db.exec('DELETE FROM person')
      const insert = this.#db.prepare('INSERT INTO person (id, name, email) VALUES (?, ?, ?)')
      for (const { id, name, email } of rows) {
        if (!erased.has(String(id))) insert.run(id ?? null, name ?? null, email ?? null)
      }
      for (const id of erased) insert.run(id, erasedName, null)
      eraseAccounts(this.#db, erased)
      this.#db.exec('COMMIT')
    } catch (cause) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw cause
    }
  }
}

function lastPosition(db: SqlConnection): number {
  return readNumber(db, 'SELECT max(position) FROM journal')
}

/** The customer's last hash: looked for in one segment after another, newest first. */
function readChain(db: SqlConnection, customerId: CustomerId): string {
  const segment = db
    .prepare(
      `WITH RECURSIVE segment(number) AS
         (SELECT ?1 UNION ALL SELECT number - 1 FROM segment WHERE number > 0)
       SELECT number FROM segment WHERE EXISTS
         (SELECT 1 FROM journal WHERE position >> 10 = number AND customer_id = ?2) LIMIT 1`,
    )
    .get(segmentOf(lastPosition(db)), customerId)
  if (segment === undefined) return firstHash
  const row = db
    .prepare(
      `SELECT hash FROM journal WHERE position = (SELECT max(position) FROM journal
         WHERE position >> 10 = ? AND customer_id = ?)`,
    )
    .get(Number(segment['number']), customerId)
  return String(row?.['hash'])
}
