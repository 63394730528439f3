import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { openLogCopier, type LogCopier, type LogSize } from './log-copier.ts'

/** The log's copier in a thread of its own: copying waits for the disk far longer than a commit does. */
type Order = 'size' | 'copy' | 'close'
type Answer = { readonly size: LogSize | undefined } | { readonly message: string }

/** Begins with the first order; a thread that has ended is replaced by the next order. */
export function startCopierThread(path: string): LogCopier {
  let worker: Worker | undefined
  const waiting: PromiseWithResolvers<LogSize | undefined>[] = []
  const begin = (): Worker => {
    const begun = new Worker(new URL(import.meta.url), { workerData: { copierPath: path } })
    const failAll = (error: Error): void => {
      // An error is told before the end: by then the orders may be another thread's.
      if (worker !== begun) return
      worker = undefined
      for (const order of waiting.splice(0)) order.reject(error)
    }
    begun.on('message', (answer: Answer) => {
      const order = waiting.shift()
      if (waiting.length === 0) begun.unref()
      if ('message' in answer) order?.reject(new Error(answer.message))
      else order?.resolve(answer.size)
    })
    begun.on('error', failAll)
    begun.on('exit', () => failAll(new Error('The copier of the log has ended')))
    return begun
  }
  const send = (order: Order): Promise<LogSize | undefined> => {
    worker ??= begin()
    const answer = Promise.withResolvers<LogSize | undefined>()
    waiting.push(answer)
    worker.ref()
    worker.postMessage(order)
    return answer.promise
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
      worker?.ref()
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
