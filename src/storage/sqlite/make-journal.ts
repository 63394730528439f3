import { readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { syncToDisk } from '../backup/finish-restore.ts'
import type { Storage } from '../storage.ts'
import { lockDataFolder } from '../sqlite-file/data-folder.ts'
import { folderTrouble } from '../sqlite-file/folder-trouble.ts'
import { nodeSqlite, type SqlDriver } from '../sqlite-file/sql-driver.ts'
import type { SqliteStorageOptions } from './sqlite-options.ts'
import { openSqliteStorage } from './sqlite-storage.ts'

/**
 * A journal that is there whole or not at all: it is filled in a folder beside its place and then moved there. Whoever
 * is killed before leaves a folder that the next try removes.
 */
const passingFolder = 'journal-in-making'

/** Answers whether it made one: a data folder that has a journal keeps it. */
export async function makeJournal(
  options: Omit<SqliteStorageOptions, 'driver'>,
  fill: (storage: Storage) => Promise<void>,
): Promise<boolean> {
  const { dataFolder } = options
  try {
    return hasJournal(dataFolder) ? false : await makeWithin(options, fill)
  } catch (error) {
    throw folderTrouble(dataFolder, error)
  }
}

async function makeWithin(
  options: Omit<SqliteStorageOptions, 'driver'>,
  fill: (storage: Storage) => Promise<void>,
): Promise<boolean> {
  const { dataFolder } = options
  const folder = lockDataFolder(dataFolder)
  const passing = join(dataFolder, passingFolder)
  try {
    // Another process may have been first, until the folder was ours.
    if (hasJournal(dataFolder)) return false
    rmSync(passing, { recursive: true, force: true })
    const storage = await openSqliteStorage({ ...options, dataFolder: passing, driver: unsynced })
    try {
      await fill(storage)
    } finally {
      await storage.close()
    }
    putInPlace(join(passing, 'journal.db'), folder.journalPath)
    syncToDisk(dataFolder)
    return true
  } finally {
    rmSync(passing, { recursive: true, force: true })
    folder.release()
  }
}

/** A start that was killed at once leaves an empty file; anything else is somebody's: a log, a copy, a restore. */
function hasJournal(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found === undefined) return false
  if (!found.isDirectory()) return true
  const names = readdirSync(folder).filter((name) => name.startsWith('journal.'))
  return names.some((name) => sizeOf(join(folder, name)) > 0)
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

/** Nobody was told of anything in it yet, so it has to be on the disk only when it gets its name. */
const unsynced: SqlDriver = {
  open: (path, options) => {
    const db = nodeSqlite.open(path, options)
    return {
      get isTransaction() {
        return db.isTransaction
      },
      exec: (sql) =>
        db.exec(sql === 'PRAGMA synchronous = FULL' ? 'PRAGMA synchronous = OFF' : sql),
      prepare: (sql) => db.prepare(sql),
      close: () => db.close(),
    }
  },
}

function putInPlace(made: string, place: string): void {
  if (sizeOf(`${made}-wal`) > 0) throw new Error(`The log of ${made} was not emptied at its end`)
  syncToDisk(made)
  renameSync(made, place)
}
