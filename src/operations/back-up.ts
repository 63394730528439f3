import type { BackupOptions, BackupReport } from '../storage/storage.ts'
import type { Parts } from './parts.ts'

/** Copies the whole journal into a file at one position, checks the copy, and says what it holds. */
export function backUp(
  { storage }: Pick<Parts, 'storage'>,
  command: BackupOptions,
): Promise<BackupReport> {
  return storage.backup(command)
}
