import {
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, isAbsolute, sep } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { BackupError, type BackupProgress, type BackupReport } from '../storage.ts'
import { primaryCode } from '../sqlite-file/data-folder.ts'
import { syncToDisk } from './finish-restore.ts'
import { checkJournalFile, digestOf } from '../sqlite-verify/file-check.ts'

export type TakeBackup = {
  readonly journalPath: string
  readonly file: string
  readonly isReplacing: boolean
}

/** Pages copied before others of this process get the disk again: 8 MiB. */
const pagesAtOnce = 2048
const sqliteFull = 13

/**
 * Copies the journal as it is at one position, checks the copy, and gives it its name last: whatever ends this in
 * between leaves no file of that name that is not whole.
 */
export async function takeBackup(
  { journalPath, file, isReplacing }: TakeBackup,
  onProgress: (progress: BackupProgress) => void,
): Promise<BackupReport> {
  checkPlace(file, dirname(journalPath), isReplacing)
  const passing = `${file}.partial`
  try {
    makePrivate(passing)
    await copy(journalPath, passing, onProgress)
    syncToDisk(passing)
    const checked = await checkJournalFile(passing, (done, total) =>
      onProgress({ phase: 'check', done, total }),
    )
    if (checked.faults.length > 0) throw damaged(checked.faults)
    const report = {
      ...checked,
      file,
      bytes: statSync(passing).size,
      sha256: await digestOf(passing),
    }
    giveName(passing, file, isReplacing)
    return report
  } catch (cause) {
    removeWithSides(passing)
    throw asBackupError(cause)
  }
}

/** A database file and what SQLite keeps beside it. */
export function removeWithSides(path: string): void {
  for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${end}`, { force: true })
}

const damaged = (faults: readonly string[]): BackupError =>
  new BackupError(
    'backup_damaged',
    `The copy is damaged, and so is the journal probably: ${faults[0]}${faults.length > 1 ? ` (and ${faults.length - 1} more)` : ''}. It was not kept.`,
  )

/** Throws when a backup may not be written there. */
function checkPlace(file: string, dataFolder: string, isReplacing: boolean): void {
  if (!isAbsolute(file)) throw new BackupError('backup_place', 'Name the file by its whole path.')
  const folder = dirname(file)
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new BackupError('backup_place', `There is no folder ${folder} to write a backup into.`)
  }
  const [place, own] = [`${realpathSync(folder)}${sep}`, `${realpathSync(dataFolder)}${sep}`]
  if (place.startsWith(own)) {
    throw new BackupError(
      'backup_place',
      `${file} lies in the data folder itself: what is lost with the folder is no backup. Choose another place.`,
    )
  }
  if (!existsSync(file)) return
  if (!isReplacing) {
    throw new BackupError('backup_exists', `${file} is there already, and stays as it is.`)
  }
  if (!isBackup(file)) {
    throw new BackupError('backup_place', `${file} is no backup, so it is not replaced.`)
  }
}

/** What SQLite writes into the first 100 bytes of every file, and our mark among it. */
function isBackup(file: string): boolean {
  if (!statSync(file).isFile()) return false
  const header = Buffer.alloc(100)
  const open = openSync(file, 'r')
  try {
    readSync(open, header, 0, 100, 0)
  } finally {
    closeSync(open)
  }
  return (
    header.toString('latin1', 0, 15) === 'SQLite format 3' && header.readUInt32BE(68) === 0x506c696d
  )
}

function makePrivate(passing: string): void {
  removeWithSides(passing)
  closeSync(openSync(passing, 'wx', 0o600))
}

/** The reader's transaction holds the state that is copied, so that commits meanwhile do not begin it anew. */
async function copy(
  journalPath: string,
  passing: string,
  onProgress: (progress: BackupProgress) => void,
): Promise<void> {
  const source = new DatabaseSync(journalPath, { timeout: 5000 })
  try {
    source.exec('PRAGMA query_only = ON')
    source.exec('BEGIN')
    source.prepare('SELECT max(position) FROM journal').get()
    const total = await backup(source, passing, {
      rate: pagesAtOnce,
      progress: ({ totalPages, remainingPages }) => {
        onProgress({ phase: 'copy', done: totalPages - remainingPages, total: totalPages })
      },
    })
    source.exec('COMMIT')
    onProgress({ phase: 'copy', done: total, total })
  } finally {
    source.close()
  }
  makeOneFile(passing)
}

/** Without a log beside it, it can be moved and read anywhere. */
export function makeOneFile(path: string): void {
  const made = new DatabaseSync(path)
  try {
    made.exec('PRAGMA journal_mode = DELETE')
  } finally {
    made.close()
  }
}

/** Without replacing, a file that came to be meanwhile is not overwritten either. */
function giveName(passing: string, file: string, isReplacing: boolean): void {
  if (isReplacing) {
    renameSync(passing, file)
  } else {
    linkSync(passing, file)
    rmSync(passing)
  }
  syncToDisk(dirname(file))
}

export function asBackupError(cause: unknown): BackupError {
  if (cause instanceof BackupError) return cause
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EEXIST') {
    return new BackupError('backup_exists', 'The file came to be meanwhile, and stays as it is.')
  }
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || primaryCode(cause) === sqliteFull
  const why = isFull ? 'the disk is full' : cause instanceof Error ? cause.message : String(cause)
  return new BackupError('backup_failed', `The backup could not be written: ${why}.`, cause)
}
