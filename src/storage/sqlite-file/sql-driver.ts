import { DatabaseSync } from 'node:sqlite'

/**
 * The few calls through which everything here reaches SQLite. There is one real driver, `node:sqlite` as it is;
 * tests and simulations put one in its place that makes single statements fail, or ends the process at them.
 */
export type SqlDriver = {
  /** Opens the file, or makes it; a statement waits so long for other connections before it fails. */
  open(path: string, options: { readonly timeoutMs: number }): SqlConnection
}

/** Synchronous: whoever calls it waits for the disk. Errors of SQLite carry its result code as `errcode`. */
export type SqlConnection = {
  /** False again after a failure with which SQLite itself ended the transaction. */
  readonly isTransaction: boolean
  exec(sql: string): void
  prepare(sql: string): SqlStatement
  close(): void
}

export type SqlStatement = {
  run(...values: SqlValue[]): unknown
  get(...values: SqlValue[]): SqlRow | undefined
  all(...values: SqlValue[]): SqlRow[]
}

export type SqlValue = null | number | bigint | string | Uint8Array
export type SqlRow = Record<string, SqlValue>

export const nodeSqlite: SqlDriver = {
  open: (path, { timeoutMs }) => new DatabaseSync(path, { timeout: timeoutMs }),
}

/** A file that has to stay as it is, byte for byte. */
export const readOnlySqlite: SqlDriver = {
  open: (path, { timeoutMs }) => new DatabaseSync(path, { timeout: timeoutMs, readOnly: true }),
}
