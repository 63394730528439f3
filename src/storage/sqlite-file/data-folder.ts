import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { makeFolder } from '../../system/make-folder.ts'
import { finishRestore } from '../backup/finish-restore.ts'
import { DataFolderOwnedError, JournalUnusableError } from '../storage.ts'
import { nodeSqlite, type SqlDriver } from './sql-driver.ts'

/**
 * The data folder and its one owner. Files are readable by their owner alone. Ownership is an exclusive
 * lock on a second SQLite file, held for the life of the process: the kernel frees it also on kill -9, so
 * there is no stale lock to clean up, and holding it proves that every older boot is dead.
 */
export type DataFolder = {
  readonly journalPath: string
  release(): void
}

const ownerFile = 'owner.db'
const noteFile = 'owner.txt'
const journalFile = 'journal.db'

/** Extended SQLite result codes keep the primary one in the low byte. */
const sqliteBusy = 5

export function ownDataFolder(folder: string, driver: SqlDriver = nodeSqlite): DataFolder {
  const owned = lockDataFolder(folder, driver)
  try {
    finishRestore(folder)
    checkBesideLog(owned.journalPath)
    makePrivate(owned.journalPath)
    return owned
  } catch (error) {
    owned.release()
    throw error
  }
}

/** Takes the folder for this process and leaves the journal in it alone. */
export function lockDataFolder(folder: string, driver: SqlDriver = nodeSqlite): DataFolder {
  prepareFolder(folder)
  makePrivate(join(folder, ownerFile))
  const lock = driver.open(join(folder, ownerFile), { timeoutMs: 0 })
  try {
    lock.exec('PRAGMA journal_mode = DELETE')
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    if (primaryCode(cause) !== sqliteBusy) throw cause
    throw new DataFolderOwnedError(
      `${ownerNote(folder)} uses the data folder ${folder}. Stop it first, or give this one a folder of its own.`,
      { cause },
    )
  }
  const release = (): void => {
    lock.exec('ROLLBACK')
    lock.close()
  }
  try {
    const notePath = join(folder, noteFile)
    makePrivate(notePath)
    writeFileSync(notePath, `process ${process.pid}\n`)
  } catch (error) {
    release()
    throw error
  }
  return { journalPath: join(folder, journalFile), release }
}

/** SQLite throws away a log that it finds beside an empty file, and with it what was acknowledged. */
function checkBesideLog(journalPath: string): void {
  if (sizeOf(journalPath) > 0 || sizeOf(`${journalPath}-wal`) === 0) return
  throw new JournalUnusableError(
    `${journalPath} is missing or empty, but its log ${journalPath}-wal is there, with entries in it. Put the file back beside its log, or restore your last backup: npm run plimsoll -- restore <file> --replace`,
  )
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** The low byte of the SQLite result code that an error of `node:sqlite` carries; undefined for others. */
export function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

function prepareFolder(folder: string): void {
  const firstMade = makeFolder(folder)
  keepNames(folder, firstMade ?? folder)
  const isOurs = existsSync(join(folder, journalFile)) || readdirSync(folder).length === 0
  if (isOurs && (statSync(folder).mode & 0o077) !== 0) chmodSync(folder, 0o700)
}

/**
 * SQLite syncs the names of the files in a folder, and nobody the name of the folder: it could be gone, with all
 * that is in it, after the power was.
 */
function keepNames(folder: string, firstMade: string): void {
  const top = dirname(resolve(firstMade))
  for (let above = dirname(resolve(folder)); ; above = dirname(above)) {
    syncFolder(above)
    if (above === top || above === dirname(above)) return
  }
}

/** A folder that may not be read, or a system that syncs no folders, keeps nobody from starting. */
function syncFolder(path: string): void {
  try {
    const open = openSync(path, 'r')
    try {
      fsyncSync(open)
    } finally {
      closeSync(open)
    }
  } catch {
    return
  }
}

/** Journals of before an upgrade or a restore, with their logs: they are kept until a person removes them. */
const keptCopy = /^journal(?:-format-\d+-at-\d+|\.replaced-[0-9TZ-]+)\.db(?:-wal)?$/

export const keptCopies = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => keptCopy.test(name))
    .toSorted()

/** SQLite gives its side files the permissions of the main file, so that one is made first. */
function makePrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
}

/** The lock decides; the note only helps a person to find the other process. */
function ownerNote(folder: string): string {
  try {
    const note = readFileSync(join(folder, noteFile), 'utf8').trim()
    return /^process \d+$/.test(note) ? `Another Plimsoll (${note})` : 'Another Plimsoll'
  } catch {
    return 'Another Plimsoll'
  }
}
