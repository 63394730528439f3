import { workerData } from 'node:worker_threads'
import {
  openJournalWriter,
  type JournalWriter,
} from '../../src/storage/sqlite-log/journal-writer.ts'
import { answerOrders, startWriterThread } from '../../src/storage/sqlite-log/writer-thread.ts'
import { SqlFaults } from './sql-faults.ts'

/** The writer's thread as it is, but for its driver: faults that the test arms strike in it, too. */
type ThreadData = { readonly faultyJournalPath: string; readonly memory: SharedArrayBuffer }

export function startFaultyWriterThread(path: string, faults: SqlFaults): JournalWriter {
  const data: ThreadData = { faultyJournalPath: path, memory: faults.memory }
  return startWriterThread(path, { url: new URL(import.meta.url), workerData: data })
}

const isThreadData = (data: unknown): data is ThreadData =>
  typeof data === 'object' && data !== null && 'faultyJournalPath' in data

const data: unknown = workerData
if (isThreadData(data)) {
  const driver = new SqlFaults(data.memory).driver()
  answerOrders(openJournalWriter(data.faultyJournalPath, driver))
}
