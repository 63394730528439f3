import {
  closeSync,
  copyFileSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { JournalUnusableError } from '../storage.ts'
import type { SqlConnection } from '../sqlite-file/sql-driver.ts'

/**
 * Bringing a journal of an older version to this one's format. Before anything changes, the file is kept aside
 * as it was; each migration is one transaction, so that whatever ends the process in between leaves the format
 * before it or after it, and the next start goes on from there.
 */
export type Migration = { readonly version: number; readonly name: string; readonly sql: string }

/** What people and the log are told while a start takes longer for it. */
export type UpgradeStep = {
  readonly from: number
  readonly to: number
  readonly bytes: number
  /** The copy of the file as it was. */
  readonly copy: string
  readonly isDone: boolean
}

export type Upgrade = {
  readonly applicationId: number
  readonly migrations: readonly Migration[]
  readonly onStep: (step: UpgradeStep) => void
  /** Room on the disk of a folder. */
  readonly freeBytes?: (folder: string) => number
}

/** The connection is the only one, and its log is copied into the file. */
export function migrate(path: string, db: SqlConnection, upgrade: Upgrade): void {
  const from = numberOf(db, 'PRAGMA user_version')
  const due = upgrade.migrations.filter(({ version }) => version > from)
  const to = due.at(-1)?.version
  if (to === undefined) return
  if (from === 0) return carryOut(db, due, upgrade)
  const { size: bytes } = statSync(path)
  const copy = copyPath(path, { from, position: numberOf(db, 'SELECT max(position) FROM journal') })
  checkRoom(path, { bytes, freeBytes: (upgrade.freeBytes ?? freeBytesOf)(dirname(path)) })
  upgrade.onStep({ from, to, bytes, copy, isDone: false })
  keepCopy(path, copy, db)
  carryOut(db, due, upgrade)
  upgrade.onStep({ from, to, bytes, copy, isDone: true })
}

function carryOut(db: SqlConnection, due: readonly Migration[], { applicationId }: Upgrade): void {
  for (const { version, sql } of due) {
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(sql)
      db.exec(`PRAGMA application_id = ${applicationId}`)
      db.exec(`PRAGMA user_version = ${version}`)
      db.exec('COMMIT')
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK')
      throw cause
    }
  }
}

/** The copy, and a migration that writes every row anew in the log before it reaches the file. */
const roomFactor = 3
const mib = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

function checkRoom(
  path: string,
  { bytes, freeBytes }: { readonly bytes: number; readonly freeBytes: number },
): void {
  const needed = bytes * roomFactor
  if (freeBytes >= needed) return
  throw new JournalUnusableError(
    `${path} is of an older format, and there is not enough room to keep a copy and change it: ${mib(needed)} are needed, ` +
      `${mib(freeBytes)} are free. Nothing was changed: make room and start again, or start the version before.`,
  )
}

/** Named after what is in it, so that a start after a crash finds the copy that was made before. */
const copyPath = (path: string, of: { readonly from: number; readonly position: number }): string =>
  join(dirname(path), `journal-format-${of.from}-at-${of.position}.db`)

/** The copy gets its name only once it is whole and on the disk. */
function keepCopy(path: string, copy: string, db: SqlConnection): void {
  if (existsSync(copy)) return
  const left = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  if (left?.['busy'] !== 0) {
    throw new JournalUnusableError(
      `Another program reads ${path}, so it cannot be brought to this version's format. Nothing was changed: end that program and start again.`,
    )
  }
  const passing = `${copy}.part`
  rmSync(passing, { force: true })
  copyFileSync(path, passing, constants.COPYFILE_FICLONE)
  syncFile(passing)
  renameSync(passing, copy)
  syncFile(dirname(copy))
}

function syncFile(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function numberOf(db: SqlConnection, sql: string): number {
  const [value] = Object.values(db.prepare(sql).get() ?? {})
  return typeof value === 'number' ? value : 0
}

/** The migrations that this version knows, oldest first. */
export function knownMigrations(): readonly Migration[] {
  const folder = new URL('migrations/', import.meta.url)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => ({
      version: Number(name.slice(0, 3)),
      name,
      sql: readFileSync(new URL(name, folder), 'utf8'),
    }))
}
