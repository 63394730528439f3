import type { Entry, EntryKind } from '../../core/entry.ts'
import type { CustomerId, HoldId, KeyId, MemberId, OperationId } from '../../core/ids.ts'
import {
  StorageUnavailableError,
  type CommittedScope,
  type CustomerRows,
  type EntryQuery,
  type KeyRecord,
  type MemberScope,
  type NamedCustomer,
  type Person,
} from '../storage.ts'
import { primaryCode } from './data-folder.ts'
import { decodeEntry, type JournalRow } from '../entry-codec.ts'
import { openConnection } from './journal-file.ts'
import { erasedName, type SnapshotRow } from '../sqlite-log/journal-writer.ts'
import type { SqlConnection, SqlDriver, SqlRow, SqlStatement, SqlValue } from './sql-driver.ts'

/** A row with its hash, as `verify` checks it. */
export type HashedRow = JournalRow & { readonly hash: string }

/** A hold's first or later row, as far as the sweep needs it. */
export type HoldRow = {
  readonly position: number
  readonly kind: string
  readonly holdId: HoldId
  readonly customerId: CustomerId
  readonly memberId: MemberId
}

/** The most entries that one query answers with. */
export const entriesMax = 1000

const columns = `position, customer_id AS customerId, member_id AS memberId, kind, at_ms AS atMs,
  operation_id AS operationId, operation_digest AS operationDigest, actor, hold_id AS holdId,
  is_shared AS isShared, member_seal AS memberSeal, customer_seal AS customerSeal, legs, body`

/** The words of the index on rare kinds; SQLite uses it only where a statement repeats them. */
const isRare = `kind NOT IN ('held', 'hold_grown', 'settled', 'voided', 'expired')`
const isNamed = `(name <> '${erasedName}' OR email IS NOT NULL)`
const named = `(SELECT id, name, email FROM person WHERE ${isNamed}
  UNION ALL SELECT id, name, email FROM sign_in_user)`
const between = `position > ?4 AND position < ?5`

/** Rows of the file come from `JournalWriter` alone; their columns have the types that it wrote. */
const journalRow = (row: SqlRow): JournalRow => row as unknown as JournalRow

/**
 * Reads what is durable. Synchronous and quick: a point lookup or one segment at a time, so that a caller
 * can let others run between two calls.
 */
export class JournalReader {
  readonly #db: SqlConnection
  readonly #statements = new Map<string, SqlStatement>()

  constructor(path: string, driver?: SqlDriver, open = openConnection) {
    this.#db = open(path, driver)
    this.#db.exec('PRAGMA query_only = ON')
  }

  close(): void {
    this.#db.close()
  }

  lastPosition(): number {
    return Number(this.#get('SELECT max(position) AS position FROM journal')?.['position'] ?? 0)
  }

  /** Moment of the last entry; undefined for an empty journal. */
  lastMs(): number | undefined {
    const row = this.#get('SELECT at_ms AS atMs FROM journal ORDER BY position DESC LIMIT 1')
    return row === undefined ? undefined : Number(row['atMs'])
  }

  entryAt(position: number): Entry | undefined {
    const row = this.#get(`SELECT ${columns} FROM journal WHERE position = ?`, position)
    return row === undefined ? undefined : decodeEntry(journalRow(row))
  }

  /** The seal that the row at a position carries for these sums. */
  sealAt(
    owner: CommittedScope,
    { position, atMs }: Pick<SnapshotRow, 'position' | 'atMs'>,
  ): string | undefined {
    const row = this.#get(
      `SELECT customer_id AS customerId, member_id AS memberId, at_ms AS atMs,
        member_seal AS memberSeal, customer_seal AS customerSeal FROM journal WHERE position = ?`,
      position,
    )
    if (row === undefined || row['customerId'] !== owner.customerId) return undefined
    if (row['atMs'] !== atMs) return undefined
    if (owner.memberId !== null && row['memberId'] !== owner.memberId) return undefined
    const seal = owner.memberId === null ? row['customerSeal'] : row['memberSeal']
    return typeof seal === 'string' ? seal : undefined
  }

  snapshot(owner: CommittedScope): SnapshotRow | undefined {
    const row = this.#get(
      `SELECT customer_id AS customerId, member_id AS memberId, position, at_ms AS atMs, state
       FROM snapshot WHERE customer_id = ? AND member_id = ?`,
      owner.customerId,
      owner.memberId ?? '',
    )
    return row as unknown as SnapshotRow | undefined
  }

  /** The snapshot after this one in key order; the audit walks through all of them so. */
  snapshotAfter(customerId: string, memberId: string): SnapshotRow | undefined {
    const row = this.#get(
      `SELECT customer_id AS customerId, member_id AS memberId, position, at_ms AS atMs, state
       FROM snapshot WHERE (customer_id, member_id) > (?, ?)
       ORDER BY customer_id, member_id LIMIT 1`,
      customerId,
      memberId,
    )
    return row as unknown as SnapshotRow | undefined
  }

  /** Positions of an account's or a hold's entries within some segments and a range, in order; undefined: too many. */
  positions(
    place: Place,
    segments: { readonly first: number; readonly last: number },
    range: PageRange,
  ): readonly number[] | undefined {
    const rows = this.#all(
      `WITH RECURSIVE segment(number) AS
         (SELECT ?1 UNION ALL SELECT number + 1 FROM segment WHERE number < ?2)
       SELECT position FROM segment CROSS JOIN journal ON position >> 10 = number
       WHERE position > ?3 AND position < ?4 AND ${whereOf(place)} LIMIT ?5`,
      segments.first,
      segments.last,
      range.after,
      range.before,
      range.rowsMax + 1,
      ...('holdId' in place ? [place.holdId] : [place.customerId]),
      ...(place.kind === 'member' ? [place.memberId] : []),
    )
    if (rows.length > range.rowsMax) return undefined
    return rows.map((row) => Number(row['position'])).toSorted((left, right) => left - right)
  }

  /** The rows at these positions, in this order; of one kind only, where it is named. */
  rowsAt(positions: readonly number[], kind?: EntryKind): readonly JournalRow[] {
    const rows = this.#all(
      `SELECT ${columns} FROM json_each(?1) AS wanted CROSS JOIN journal ON position = wanted.value
       WHERE ?2 IS NULL OR kind = ?2`,
      JSON.stringify(positions),
      kind ?? null,
    )
    return rows.map(journalRow)
  }

  /** Entries of a kind that is rare and therefore indexed by itself. */
  rarePage(query: EntryQuery, range: PageRange): readonly Entry[] {
    return this.#entries(
      `FROM journal WHERE ${isRare} AND kind = ?1 AND (?2 IS NULL OR customer_id = ?2)
       AND (?3 IS NULL OR member_id = ?3) AND ${between} ${filters(query)} LIMIT ?6`,
      [
        query.kind ?? null,
        query.customerId ?? null,
        query.memberId ?? null,
        range.after,
        range.before,
        range.rowsMax,
      ],
    )
  }

  /** Entries of several rare kinds; their positions are found in the index alone. */
  rareKinds(
    query: EntryQuery & { readonly kinds: readonly EntryKind[] },
    range: PageRange,
  ): readonly Entry[] {
    const { kinds, ...rest } = query
    if (kinds.length === 0) return []
    const rows = this.#all(
      `SELECT position FROM journal INDEXED BY journal_rare
       WHERE ${isRare} AND kind IN (${quoted(kinds)}) AND (?1 IS NULL OR customer_id = ?1)
       AND (?2 IS NULL OR member_id = ?2) AND (?3 IS NULL OR instr(body, ?3) > 0)
       AND ${between} ${filters(rest)} LIMIT ?6`,
      rest.customerId ?? null,
      rest.memberId ?? null,
      rest.bodyText ?? null,
      range.after,
      range.before,
      range.rowsMax,
    )
    return this.rowsAt(rows.map((row) => Number(row['position']))).map(decodeEntry)
  }

  /** Entries of everybody. */
  stretch(query: EntryQuery, range: PageRange): readonly Entry[] {
    return this.#entries(
      `FROM journal WHERE position > ?1 AND position < ?2 AND (?4 IS NULL OR instr(body, ?4) > 0)
       ${filters(query)} LIMIT ?3`,
      [range.after, range.before, range.rowsMax, query.bodyText ?? null],
    )
  }

  #entries(fromWhere: string, values: readonly SqlValue[]): readonly Entry[] {
    const rows = this.#all(`SELECT ${columns} ${fromWhere}`, ...values)
    return rows.map((row) => decodeEntry(journalRow(row)))
  }

  /** A stretch of the journal with hashes, for `verify`. */
  hashedRows(after: number, rowsMax: number): readonly HashedRow[] {
    const rows = this.#all(
      `SELECT ${columns}, hash FROM journal WHERE position > ? ORDER BY position LIMIT ?`,
      after,
      rowsMax,
    )
    return rows as unknown as readonly HashedRow[]
  }

  findOperation(customerId: CustomerId, operationId: OperationId): Entry | undefined {
    const row = this.#get(
      `SELECT ${columns} FROM journal WHERE customer_id = ? AND operation_id = ?`,
      customerId,
      operationId,
    )
    return row === undefined ? undefined : decodeEntry(journalRow(row))
  }

  /** Which holds were placed or ended in one segment, after a position. */
  holdRows(segment: number, after: number): readonly HoldRow[] {
    const rows = this.#all(
      `SELECT position, kind, hold_id AS holdId, customer_id AS customerId, member_id AS memberId
       FROM journal WHERE position >> 10 = ? AND hold_id IS NOT NULL AND position > ?
       ORDER BY position`,
      segment,
      after,
    )
    return rows as unknown as readonly HoldRow[]
  }

  /** Keys are looked up in the journal itself, so there is no second list that could disagree with it. */
  findKey(keyHash: string): KeyRecord | undefined {
    const row = this.#get(
      `SELECT body ->> '$.keyId' AS keyId, customer_id AS customerId, member_id AS memberId
       FROM journal WHERE kind = 'key_issued' AND body ->> '$.keyHash' = ?
       ORDER BY position DESC LIMIT 1`,
      keyHash,
    )
    if (row === undefined) return undefined
    const { keyId, customerId, memberId } = row as unknown as Omit<KeyRecord, 'isRevoked'>
    return { keyId, customerId, memberId, isRevoked: this.#isRevoked(customerId, keyId) }
  }

  #isRevoked(customerId: CustomerId, keyId: KeyId): boolean {
    const row = this.#get(
      `SELECT 1 AS found FROM journal WHERE kind = 'key_revoked' AND body ->> '$.keyId' = ?
       AND customer_id = ?`,
      keyId,
      customerId,
    )
    return row !== undefined
  }

  members(customerId?: CustomerId): readonly MemberScope[] {
    const rows = this.#all(
      `SELECT DISTINCT customer_id AS customerId, member_id AS memberId FROM journal
       WHERE ${isRare} AND kind = 'member_seated' AND (?1 IS NULL OR customer_id = ?1)
       ORDER BY customer_id, member_id`,
      customerId ?? null,
    )
    return rows.map((row) => ({ ...(row as unknown as MemberScope) }))
  }

  /** The rare kinds are indexed, so a page costs what is on it. */
  customers(query: CustomerRows, until: number): readonly NamedCustomer[] {
    const rows = this.#all(
      `SELECT customer_id AS customerId, position, name
       FROM journal LEFT JOIN person ON person.id = customer_id AND ${isNamed}
       WHERE ${isRare} AND kind = 'customer_opened' AND position > ? AND position <= ?
       ORDER BY position LIMIT ?`,
      query.afterPosition,
      until,
      query.rowsMax,
    )
    return rows.map((row) => ({ ...(row as unknown as NamedCustomer) }))
  }

  /** Plans and prices up to a position. There are few. */
  systemEntries(until: number): readonly Entry[] {
    return this.#entries(
      `FROM journal WHERE ${isRare} AND kind IN ('plan_published', 'price_published', 'clock_adopted', 'clock_corrected')
       AND position <= ? ORDER BY position`,
      [until],
    )
  }

  /** The newest entry that says how far all holds had ended. */
  lastSwept(): Entry | undefined {
    const [swept] = this.#entries(
      `FROM journal WHERE ${isRare} AND kind = 'swept' ORDER BY position DESC LIMIT 1`,
      [],
    )
    return swept
  }

  findPerson(id: string): Person | undefined {
    const row = this.#get(`SELECT id, name, email FROM ${named} WHERE id = ?`, id)
    return row === undefined ? undefined : { ...(row as unknown as Person) }
  }

  persons(): readonly Person[] {
    const rows = this.#all(`SELECT id, name, email FROM ${named} ORDER BY id`)
    return rows.map((row) => ({ ...(row as unknown as Person) }))
  }

  findSecret(name: string): string | undefined {
    const value = this.#get('SELECT value FROM installation WHERE name = ?', name)?.['value']
    return typeof value === 'string' ? value : undefined
  }

  /** Rows of the tables beside the journal (`side-tables.ts`). */
  beside(sql: string, values: readonly SqlValue[]): readonly SqlRow[] {
    return this.#all(sql, ...values)
  }

  #get(sql: string, ...values: SqlValue[]): SqlRow | undefined {
    return readable(() => this.#prepared(sql).get(...values))
  }

  #all(sql: string, ...values: SqlValue[]): SqlRow[] {
    return readable(() => this.#prepared(sql).all(...values))
  }

  #prepared(sql: string): SqlStatement {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}

/** What the file did not answer says nothing about anybody's limits (D12). */
function readable<Answer>(read: () => Answer): Answer {
  try {
    return read()
  } catch (cause) {
    if (primaryCode(cause) === undefined) throw cause
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new StorageUnavailableError(
      `Limits cannot be checked right now, because the journal cannot be read (${problem}). Try again shortly.`,
      { cause },
    )
  }
}

/** Positions strictly between two. */
export type Range = { readonly after: number; readonly before: number }
type PageRange = Range & { readonly rowsMax: number }

/** Whose entries to look for: all of a customer, its shared ones, a member's, or a hold's. */
export type Place =
  | { readonly kind: 'customer' | 'shared'; readonly customerId: CustomerId }
  | {
      readonly kind: 'member'
      readonly customerId: CustomerId
      readonly memberId: MemberId
    }
  | { readonly kind: 'hold'; readonly holdId: HoldId }

/** Naming both values of `is_shared` lets the index find a member's rows directly. */
function whereOf({ kind }: Place): string {
  switch (kind) {
    case 'customer':
      return 'customer_id = ?6'
    case 'shared':
      return 'customer_id = ?6 AND is_shared = 1'
    case 'member':
      return 'customer_id = ?6 AND is_shared IN (0, 1) AND member_id = ?7'
    case 'hold':
      return 'hold_id = ?6'
  }
}

const quoted = (kinds: readonly EntryKind[]): string => kinds.map((kind) => `'${kind}'`).join(', ')

/** Kinds come from a closed list of words, so they may stand in the text of a statement. */
function filters(query: EntryQuery): string {
  const kind = query.kind === undefined ? '' : `AND kind = '${query.kind}'`
  const kinds = query.kinds === undefined ? '' : `AND kind IN (${quoted(query.kinds)})`
  const shared = query.isShared === undefined ? '' : `AND is_shared = ${query.isShared ? 1 : 0}`
  return `${kind} ${kinds} ${shared} ORDER BY position ${query.isNewestFirst === true ? 'DESC' : 'ASC'}`
}
