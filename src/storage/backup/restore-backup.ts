import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { lockDataFolder, primaryCode } from '../sqlite-file/data-folder.ts'
import { checkJournalFile, digestOf, type OnChecked } from '../sqlite-verify/file-check.ts'
import { openAsItIs } from '../sqlite-file/journal-file.ts'
import { JournalReader } from '../sqlite-file/journal-reader.ts'
import { BackupError, type BackupReport } from '../storage.ts'
import { finishRestore, replacedName, restoringName, syncToDisk } from './finish-restore.ts'
import { asBackupError, makeOneFile, removeWithSides } from './take-backup.ts'

export type RestoreReport = BackupReport & {
  readonly dataFolder: string
  /** The journal that was there before, which is kept; null when there was none. */
  readonly replaced: {
    readonly file: string
    /** Null where it is too damaged to say. */
    readonly position: number | null
    readonly lastEntryAtMs: number | null
  } | null
}

/** Recomputes everything in a backup. Throws `BackupError` when it is none, or damaged. */
export async function checkBackup(file: string, onChecked: OnChecked): Promise<BackupReport> {
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new BackupError('backup_place', `There is no file ${file}.`)
  }
  const sha256 = await digestOf(file)
  const checked = await checkJournalFile(file, onChecked).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'journal_unusable') throw cause
    throw unreadable(file, cause)
  })
  if (checked.faults.length > 0) {
    throw new BackupError('backup_damaged', `${file} is damaged: ${checked.faults.join('; ')}`)
  }
  return { ...checked, file, bytes: statSync(file).size, sha256 }
}

function unreadable(file: string, cause: unknown): BackupError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const isDamaged = primaryCode(cause) !== undefined
  return isDamaged
    ? new BackupError('backup_damaged', `${file} is damaged or no backup: ${reason}.`, cause)
    : asBackupError(cause)
}

/**
 * Puts a backup in the place of a folder's journal, after it was checked. A journal that is there is kept under a
 * name of its own. Nothing of the folder changes before the copy in it is whole and on the disk.
 */
export async function restoreBackup(
  order: {
    readonly file: string
    readonly dataFolder: string
    readonly isReplacing: boolean
    readonly nowMs: number
    /** Files of the folder that must not outlive the journal which they belong to. */
    readonly endedFiles?: readonly string[]
  },
  onChecked: OnChecked,
): Promise<RestoreReport> {
  const { file, dataFolder, isReplacing, nowMs, endedFiles = [] } = order
  const checked = await checkBackup(file, onChecked)
  const owned = lockDataFolder(dataFolder)
  try {
    finishRestore(dataFolder)
    const hasJournal = ['', '-wal'].some((end) => sizeOf(`${owned.journalPath}${end}`) > 0)
    if (hasJournal && !isReplacing) {
      throw new BackupError(
        'backup_exists',
        `${dataFolder} has a journal already. With --replace it is kept under another name and the backup takes its place; or name another folder with --to.`,
      )
    }
    const moment = new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')
    const replaced = hasJournal
      ? { file: join(dataFolder, replacedName(moment)), ...lastOf(owned.journalPath) }
      : null
    const placed = await place(checked, { dataFolder, moment, endedFiles })
    finishRestore(dataFolder)
    return { ...checked, ...placed, dataFolder, replaced }
  } finally {
    owned.release()
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

async function place(
  checked: BackupReport,
  target: {
    readonly dataFolder: string
    readonly moment: string
    readonly endedFiles: readonly string[]
  },
): Promise<Pick<BackupReport, 'bytes' | 'sha256'>> {
  const { file, sha256 } = checked
  const { dataFolder, moment, endedFiles } = target
  const passing = join(dataFolder, 'journal.copying.db')
  try {
    removeWithSides(passing)
    copyPrivately(file, passing)
    if ((await digestOf(passing)) !== sha256) throw changed(file)
    if (sizeOf(`${file}-wal`) > 0) await addLog(checked, passing)
    endSessions(passing)
    syncToDisk(passing)
    const placed = { bytes: statSync(passing).size, sha256: await digestOf(passing) }
    // From the next step on a restore only goes forward, also by a start after a crash.
    for (const name of endedFiles) rmSync(join(dataFolder, name), { force: true })
    renameSync(passing, join(dataFolder, restoringName(moment)))
    return placed
  } catch (cause) {
    removeWithSides(passing)
    throw asBackupError(cause)
  }
}

/** A journal that a restore or a crash left has its newest entries in the log beside it. */
async function addLog({ file, position }: BackupReport, passing: string): Promise<void> {
  copyPrivately(`${file}-wal`, `${passing}-wal`)
  makeOneFile(passing)
  const made = await checkJournalFile(passing, () => undefined)
  if (made.position !== position || made.faults.length > 0) throw changed(file)
}

/** What was signed out or used up since the backup must not come alive again: everybody signs in anew. */
function endSessions(passing: string): void {
  makeOneFile(passing)
  const db = new DatabaseSync(passing)
  try {
    db.exec('PRAGMA secure_delete = ON')
    for (const table of ['sign_in_session', 'sign_in_link']) {
      const isThere = db.prepare('SELECT 1 FROM sqlite_master WHERE name = ?').get(table)
      if (isThere !== undefined) db.exec(`DELETE FROM ${table}`)
    }
  } finally {
    db.close()
  }
}

function copyPrivately(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL)
  chmodSync(to, 0o600)
}

/** A secret that the journal of a stopped folder keeps; undefined where it has none. */
export function secretOf(dataFolder: string, name: string): string | undefined {
  const reader = new JournalReader(join(dataFolder, 'journal.db'), undefined, openAsItIs)
  try {
    return reader.findSecret(name)
  } finally {
    reader.close()
  }
}

const changed = (file: string): BackupError =>
  new BackupError('backup_failed', `${file} changed while it was copied. Try again.`)

function lastOf(journalPath: string): {
  readonly position: number | null
  readonly lastEntryAtMs: number | null
} {
  try {
    const reader = new JournalReader(journalPath, undefined, openAsItIs)
    try {
      return { position: reader.lastPosition(), lastEntryAtMs: reader.lastMs() ?? null }
    } finally {
      reader.close()
    }
  } catch {
    return { position: null, lastEntryAtMs: null }
  }
}
