import { openConnection } from '../sqlite-file/journal-file.ts'
import type { SqlConnection, SqlDriver } from '../sqlite-file/sql-driver.ts'

/** How long the write-ahead log is, and how much of it the journal file has already. */
export type LogSize = {
  readonly pages: number
  readonly copiedPages: number
  /** Somebody who reads an old state, or another copier, was in the way. */
  readonly isBlocked: boolean
}

/** `copy` disturbs nobody; the other two let the log begin anew, and `truncate` empties its file. */
export type LogWork = 'size' | 'copy' | 'restart' | 'truncate'

const modes = { size: 'NOOP', copy: 'PASSIVE', restart: 'RESTART', truncate: 'TRUNCATE' } as const

export function workOnLog(db: SqlConnection, work: LogWork): LogSize {
  const { busy, log, checkpointed } =
    db.prepare(`PRAGMA wal_checkpoint(${modes[work]})`).get() ?? {}
  return { pages: Number(log), copiedPages: Number(checkpointed), isBlocked: busy !== 0 }
}

/**
 * Copies the log into the journal file beside the one who writes, so that no commit waits for it. The real one
 * runs in a thread of its own (`copier-thread.ts`).
 */
export interface LogCopier {
  work(what: 'size' | 'copy'): Promise<LogSize>
  close(): Promise<void>
}

export function openLogCopier(path: string, driver?: SqlDriver): LogCopier {
  const db = openConnection(path, driver)
  return {
    work: async (what) => workOnLog(db, what),
    close: async () => db.close(),
  }
}
