import { workerData } from 'node:worker_threads'
import { openJournalWriter, type JournalWriter } from '../src/storage/sqlite-log/journal-writer.ts'
import { nodeSqlite, type SqlDriver } from '../src/storage/sqlite-file/sql-driver.ts'
import { answerOrders, startWriterThread } from '../src/storage/sqlite-log/writer-thread.ts'

/** The writer as SQLite has it by itself: every 1,000 pages some commit copies the log into the journal file. */
export function startSelfCopyingWriter(path: string): JournalWriter {
  const data = { selfCopyingPath: path }
  return startWriterThread(path, { url: new URL(import.meta.url), workerData: data })
}

const selfCopying: SqlDriver = {
  open: (path, options) => {
    const db = nodeSqlite.open(path, options)
    return {
      get isTransaction() {
        return db.isTransaction
      },
      exec: (sql) => {
        if (!sql.startsWith('PRAGMA wal_autocheckpoint')) db.exec(sql)
      },
      prepare: (sql) => db.prepare(sql),
      close: () => db.close(),
    }
  },
}

const data: unknown = workerData
if (typeof data === 'object' && data !== null && 'selfCopyingPath' in data) {
  answerOrders(openJournalWriter(String(data.selfCopyingPath), selfCopying))
}
