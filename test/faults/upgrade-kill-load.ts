import { kill, pid } from 'node:process'
import { openConnection } from '../../src/storage/sqlite-file/journal-file.ts'
import { knownMigrations, migrate, type Migration } from '../../src/storage/sqlite/migrate.ts'
import { steppingConnection } from './stepping-connection.ts'

/** A change of format that a test gives the journal; it touches the entries and what stands beside them. */
export const nextFormat: Migration = {
  version: knownMigrations().length + 1,
  name: 'next.sql',
  sql: `CREATE TABLE extra (position INTEGER PRIMARY KEY, hash TEXT NOT NULL) STRICT;
    INSERT INTO extra SELECT position, hash FROM journal;
    CREATE INDEX extra_by_hash ON extra (hash);
    ALTER TABLE person ADD COLUMN phone TEXT;`,
}

/** Brings a journal to that format; kills this process before its n-th statement. */
export function upgradeTo(path: string, lastStatement = Infinity): void {
  const db = openConnection(path)
  let count = 0
  const step = (): void => {
    count += 1
    if (count === lastStatement) kill(pid, 'SIGKILL')
  }
  try {
    migrate(path, steppingConnection(db, step), {
      applicationId: 0x506c696d,
      migrations: [...knownMigrations(), nextFormat],
      onStep: () => undefined,
    })
  } finally {
    db.close()
  }
}

const [path, lastStatement] = process.argv.slice(2)
if (import.meta.main && path !== undefined) upgradeTo(path, Number(lastStatement))
