import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { openLogCopier, type LogCopier, type LogSize } from './log-copier.ts'

/** The log's copier in a thread of its own: copying waits for the disk far longer than a commit does. */
type Order = 'size' | 'copy' | 'close'
type Answer = { readonly size: LogSize | undefined } | { readonly message: string }

/** Begins with the first order. One order at a time; a thread that has ended is replaced by the next order. */
export function startCopierThread(path: string): LogCopier {
  let worker: Worker | undefined
  const send = (order: Order): Promise<LogSize | undefined> => {
    worker ??= new Worker(new URL(import.meta.url), { workerData: { copierPath: path } })
    const current = worker
    const answer = Promise.withResolvers<LogSize | undefined>()
    const fail = (error: Error): void => {
      worker = undefined
      answer.reject(error)
    }
    const ended = (): void => fail(new Error('The copier of the log has ended'))
    current.once('error', fail)
    current.once('exit', ended)
    current.once('message', (message: Answer) => {
      if ('message' in message) answer.reject(new Error(message.message))
      else answer.resolve(message.size)
    })
    current.ref()
    current.postMessage(order)
    return answer.promise.finally(() => {
      current.removeAllListeners()
      // Whatever it still has to say interests nobody, and an idle thread keeps no process alive.
      current.on('error', () => undefined)
      current.unref()
    })
  }
  return {
    work: async (what) => {
      const size = await send(what)
      if (size === undefined) throw new Error('The copier of the log said nothing')
      return size
    },
    close: async () => {
      if (worker === undefined) return
      await send('close')
      await worker?.terminate()
    },
  }
}

function answerOrders(path: string): void {
  const copier = openLogCopier(path)
  parentPort?.on('message', (order: Order) => {
    const done = order === 'close' ? copier.close().then(() => undefined) : copier.work(order)
    done.then(
      (size) => parentPort?.postMessage({ size } satisfies Answer),
      (error: unknown) => parentPort?.postMessage({ message: String(error) } satisfies Answer),
    )
  })
}

const data: unknown = workerData
if (!isMainThread && typeof data === 'object' && data !== null && 'copierPath' in data) {
  answerOrders(String(data.copierPath))
}
