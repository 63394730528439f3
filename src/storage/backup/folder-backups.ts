import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import { BackupError, type BackupOptions, type BackupReport } from '../storage.ts'
import { backUpInThread, type BackupInThread } from './backup-thread.ts'
import { noteLastBackup, readLastBackup, type LastBackup } from './last-backup.ts'

type Options = {
  readonly folder: string
  readonly journalPath: string
  readonly clock: Clock
  readonly log: Logger
}

/** The backups that a running storage takes of its folder, one at a time. */
export class FolderBackups {
  readonly #options: Options
  #last: LastBackup | null
  #running: BackupInThread | undefined

  constructor(options: Options) {
    this.#options = options
    this.#last = readLastBackup(options.folder)
  }

  get last(): LastBackup | null {
    return this.#last
  }

  async take({ file, isReplacing, onProgress }: BackupOptions): Promise<BackupReport> {
    if (this.#running !== undefined) {
      throw new BackupError('backup_running', 'Another backup is being taken. Wait for its end.')
    }
    const { folder, journalPath, clock, log } = this.#options
    const atMs = clock.wallMs()
    const running = backUpInThread({ journalPath, file, isReplacing }, (p) => onProgress?.(p))
    this.#running = running
    try {
      const report = await running.report
      this.#last = { position: report.position, atMs }
      noteLastBackup(folder, this.#last)
      log.info('a backup was taken and checked', { position: report.position, bytes: report.bytes })
      return report
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      log.warn('a backup was not taken', { cause })
      throw error
    } finally {
      this.#running = undefined
    }
  }

  async close(): Promise<void> {
    await this.#running?.cancel()
  }
}
