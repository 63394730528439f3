import { startCopierThread } from './copier-thread.ts'
import { openJournalWriter, type JournalWriter } from './journal-writer.ts'
import { openLogCopier, type LogCopier } from './log-copier.ts'
import type { SqlDriver } from '../sqlite-file/sql-driver.ts'
import { startWriterThread } from './writer-thread.ts'

/** Another thread would not see what a driver of a test does, so with one everything stays in this one. */
export const writerWith =
  (driver: SqlDriver | undefined) =>
  (path: string): JournalWriter =>
    driver === undefined ? startWriterThread(path) : openJournalWriter(path, driver)

export const copierWith =
  (driver: SqlDriver | undefined) =>
  (path: string): LogCopier =>
    driver === undefined ? startCopierThread(path) : openLogCopier(path, driver)
