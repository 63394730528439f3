import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { JournalRow } from '../entry-codec.ts'
import type { LogSize, LogWork } from './log-copier.ts'
import type { SignInAnswer } from '../console-storage.ts'
import { nothingAnswered } from './side-writes.ts'
import {
  openJournalWriter,
  type JournalBatch,
  type JournalWriter,
  type SideWrite,
} from './journal-writer.ts'

/**
 * The journal writer in a thread of its own, so that the thread which serves callers never waits for the
 * disk (measured: docs/decisions/0006-how-the-journal-is-written.md). Messages are answered in the order in which
 * they were sent.
 */
type Order =
  | {
      readonly kind: 'commit'
      readonly values: readonly Value[]
      readonly snapshots: JournalBatch['snapshots']
    }
  | { readonly kind: 'write'; readonly side: SideWrite }
  | { readonly kind: 'tend_log'; readonly work: LogWork }
  | { readonly kind: 'close' }

/** Undefined means done. Errors travel as their text and code: not every error can be cloned. */
type Failed = { readonly message: string; readonly errcode: number | undefined }
type Done = LogSize | SignInAnswer | undefined
type Answer = Failed | Done

class WriterThreadError extends Error {
  readonly errcode: number | undefined
  constructor(answer: Failed) {
    super(answer.message)
    this.errcode = answer.errcode
  }
}

/** What the thread runs. Tests bring one of their own that calls `answerOrders` with a writer that fails. */
export type ThreadProgram = { readonly url: URL; readonly workerData: unknown }

export function startWriterThread(
  path: string,
  program: ThreadProgram = { url: new URL(import.meta.url), workerData: { journalPath: path } },
): JournalWriter {
  const { url, workerData: data } = program
  const worker = new Worker(url, { workerData: data })
  const waiting: PromiseWithResolvers<Done>[] = []
  let failure: Error | undefined
  const failAll = (error: Error): void => {
    failure = error
    for (const order of waiting.splice(0)) order.reject(error)
  }
  worker.on('message', (answer: Answer) => {
    const order = waiting.shift()
    if (waiting.length === 0) worker.unref()
    if (answer !== undefined && 'message' in answer) order?.reject(new WriterThreadError(answer))
    else order?.resolve(answer)
  })
  worker.on('error', failAll)
  worker.on('exit', () => failAll(failure ?? new Error('The journal writer has ended')))
  // An order under way keeps the process alive; an idle thread does not.
  worker.unref()

  const send = (order: Order): Promise<Done> => {
    if (failure !== undefined) return Promise.reject(failure)
    const answer = Promise.withResolvers<Done>()
    waiting.push(answer)
    worker.ref()
    worker.postMessage(order)
    return answer.promise
  }
  return {
    commit: async ({ rows, snapshots }) => {
      await send({ kind: 'commit', values: toValues(rows), snapshots })
    },
    write: async (side) => {
      const done = await send({ kind: 'write', side })
      return done !== undefined && 'rows' in done ? done : nothingAnswered
    },
    tendLog: async (work) => {
      const size = await send({ kind: 'tend_log', work })
      if (size === undefined || 'rows' in size)
        throw new Error('The journal writer said nothing about its log')
      return size
    },
    close: async () => {
      try {
        await send({ kind: 'close' })
      } finally {
        // Also when closing fails: what the thread keeps open ends with it.
        await worker.terminate()
      }
    },
  }
}

/** The columns in the order in which they travel: a plain list of values is cloned twice as fast as rows. */
const columns = [
  'position',
  'customerId',
  'memberId',
  'kind',
  'atMs',
  'operationId',
  'operationDigest',
  'actor',
  'holdId',
  'isShared',
  'memberSeal',
  'customerSeal',
  'legs',
  'body',
] as const satisfies readonly (keyof JournalRow)[]

type Value = JournalRow[keyof JournalRow]

function toValues(rows: readonly JournalRow[]): readonly Value[] {
  const values: Value[] = []
  for (const row of rows) for (const column of columns) values.push(row[column])
  return values
}

function toRows(values: readonly Value[]): readonly JournalRow[] {
  const rows: JournalRow[] = []
  for (let from = 0; from < values.length; from += columns.length) {
    const row: Partial<Record<keyof JournalRow, Value>> = {}
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index]
      if (column !== undefined) row[column] = values[from + index] ?? null
    }
    rows.push(row as JournalRow)
  }
  return rows
}

/** The thread's side: carries out what `startWriterThread` sends. */
export function answerOrders(writer: JournalWriter): void {
  parentPort?.on('message', (order: Order) => {
    void carryOut(writer, order).then((answer) => parentPort?.postMessage(answer))
  })
}

async function carryOut(writer: JournalWriter, order: Order): Promise<Answer> {
  try {
    if (order.kind === 'commit') {
      await writer.commit({ rows: toRows(order.values), snapshots: order.snapshots })
    }
    if (order.kind === 'write') return await writer.write(order.side)
    if (order.kind === 'tend_log') return await writer.tendLog(order.work)
    if (order.kind === 'close') await writer.close()
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const hasCode = error instanceof Error && 'errcode' in error
    const errcode = hasCode && typeof error.errcode === 'number' ? error.errcode : undefined
    return { message, errcode }
  }
}

const data: unknown = workerData
if (!isMainThread && typeof data === 'object' && data !== null && 'journalPath' in data) {
  answerOrders(openJournalWriter(String(data.journalPath)))
}
