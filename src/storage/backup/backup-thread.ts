import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { BackupError, type BackupProgress, type BackupReport } from '../storage.ts'
import { asBackupError, takeBackup, type TakeBackup } from './take-backup.ts'

/** A backup in a thread of its own: the one that serves callers only passes its progress on. */
type Message =
  | { readonly kind: 'progress'; readonly progress: BackupProgress }
  | { readonly kind: 'report'; readonly report: BackupReport }
  | { readonly kind: 'failure'; readonly code: BackupError['code']; readonly message: string }

export type BackupInThread = {
  readonly report: Promise<BackupReport>
  /** Ends it; what it had copied is removed by the next backup to the same file. */
  cancel(): Promise<void>
}

export function backUpInThread(
  order: TakeBackup,
  onProgress: (progress: BackupProgress) => void,
): BackupInThread {
  const worker = new Worker(new URL(import.meta.url), { workerData: { backup: order } })
  const done = Promise.withResolvers<BackupReport>()
  worker.on('message', (message: Message) => {
    if (message.kind === 'progress') onProgress(message.progress)
    else if (message.kind === 'report') done.resolve(message.report)
    else done.reject(new BackupError(message.code, message.message))
  })
  worker.on('error', (error) => done.reject(asBackupError(error)))
  worker.on('exit', () =>
    done.reject(new BackupError('backup_failed', 'The backup was ended before it was done.')),
  )
  return {
    report: done.promise,
    cancel: async () => {
      await worker.terminate()
    },
  }
}

async function run(order: TakeBackup): Promise<void> {
  const say = (message: Message): void => parentPort?.postMessage(message)
  try {
    const report = await takeBackup(order, (progress) => say({ kind: 'progress', progress }))
    say({ kind: 'report', report })
  } catch (error) {
    const { code, message } = asBackupError(error)
    say({ kind: 'failure', code, message })
  }
}

const data: unknown = workerData
if (!isMainThread && typeof data === 'object' && data !== null && 'backup' in data) {
  void run(data.backup as TakeBackup)
}
