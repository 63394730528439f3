import { JournalUnusableError } from '../storage.ts'
import { primaryCode } from './data-folder.ts'
import { knownMigrations, migrate, type UpgradeStep } from '../sqlite/migrate.ts'
import { nodeSqlite, readOnlySqlite, type SqlConnection, type SqlDriver } from './sql-driver.ts'

/** Opening the journal file: is it ours, is it whole, is it of this version; migrations bring it up to date. */

/** "Plim" in ASCII: tells this file from any other SQLite file. */
const applicationId = 0x506c696d

const sqliteCorrupt = 11
const sqliteNotADatabase = 26

/** How long a statement waits for another connection of this process before it fails. */
export const busyTimeoutMs = 5000

export function openConnection(path: string, driver: SqlDriver = nodeSqlite): SqlConnection {
  const db = driver.open(path, { timeoutMs: busyTimeoutMs })
  db.exec('PRAGMA journal_mode = WAL')
  db.exec('PRAGMA synchronous = FULL')
  // The log is copied beside the commits, never within one (`log-keeper.ts`).
  db.exec('PRAGMA wal_autocheckpoint = 0')
  return db
}

/** Checks the file and migrates it. Throws `JournalUnusableError` with what to do about it. */
export function prepareJournal(
  path: string,
  driver: SqlDriver = nodeSqlite,
  onStep: (step: UpgradeStep) => void = () => {},
): void {
  try {
    checkOrigin(path, driver)
    const db = openConnection(path, driver)
    try {
      migrate(path, db, { applicationId, migrations: knownMigrations(), onStep })
    } finally {
      db.close()
    }
  } catch (cause) {
    const code = primaryCode(cause)
    if (code !== sqliteCorrupt && code !== sqliteNotADatabase) throw cause
    throw new JournalUnusableError(
      `${path} is damaged or is no SQLite file. Keep a copy of it, then restore the data folder from your last backup.`,
      { cause },
    )
  }
}

/** For a journal file that is nobody's now, such as a backup: it is read and stays as it is. */
export function openAsItIs(path: string): SqlConnection {
  checkOrigin(path, readOnlySqlite)
  return readOnlySqlite.open(path, { timeoutMs: busyTimeoutMs })
}

/** The segment of 1,024 positions that indexes group by; SQL says `position >> 10`. */
export const segmentOf = (position: number): number => Math.floor(position / 1024)

export function readNumber(db: SqlConnection, sql: string): number {
  const [value] = Object.values(db.prepare(sql).get() ?? {})
  return typeof value === 'number' ? value : 0
}

/** Reads only: a file that is not ours has to stay as it is, byte for byte. */
function checkOrigin(path: string, driver: SqlDriver): void {
  const db = driver.open(path, { timeoutMs: busyTimeoutMs })
  try {
    const id = readNumber(db, 'PRAGMA application_id')
    const isEmpty = id === 0 && readNumber(db, 'SELECT count(*) FROM sqlite_schema') === 0
    if (id !== applicationId && !isEmpty) {
      throw new JournalUnusableError(
        `${path} is a database of another program. Choose another data folder; nothing was changed in this one.`,
      )
    }
    const newest = journalFormat()
    const found = readNumber(db, 'PRAGMA user_version')
    if (found > newest) {
      throw new JournalUnusableError(
        `${path} was written by a newer Plimsoll (format ${found}, this one knows ${newest}). Start that version or a newer one, or go back to the copy that it kept (docs/running.md, Upgrade).`,
      )
    }
  } finally {
    db.close()
  }
}

/** The newest format of the journal that this version knows. */
export const journalFormat = (): number => knownMigrations().at(-1)?.version ?? 0
