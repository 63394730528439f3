import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { steppingConnection } from '../../../test/faults/stepping-connection.ts'
import { openConnection, prepareJournal } from '../sqlite-file/journal-file.ts'
import { knownMigrations, migrate, type Migration, type UpgradeStep } from './migrate.ts'
import { nodeSqlite, type SqlConnection } from '../sqlite-file/sql-driver.ts'

/** The format that this version has, and the one that comes after it here. */
const now = knownMigrations().length
const next: Migration = {
  version: now + 1,
  name: 'next.sql',
  sql: `CREATE TABLE extra (name TEXT PRIMARY KEY) STRICT;
    INSERT INTO extra SELECT name FROM installation;
    ALTER TABLE person ADD COLUMN phone TEXT;`,
}

function journalFor(t: TestContext): { readonly folder: string; readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-migrate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'journal.db')
  prepareJournal(path)
  const db = openConnection(path)
  db.exec(`INSERT INTO installation VALUES ('a', '1'), ('b', '2')`)
  db.close()
  return { folder, path }
}

function upgrade(
  path: string,
  more: { readonly freeBytes?: () => number; readonly db?: SqlConnection } = {},
): readonly UpgradeStep[] {
  const steps: UpgradeStep[] = []
  const db = more.db ?? openConnection(path)
  try {
    migrate(path, db, {
      applicationId: 0x506c696d,
      migrations: [...knownMigrations(), next],
      onStep: (step) => steps.push(step),
      ...(more.freeBytes === undefined ? {} : { freeBytes: more.freeBytes }),
    })
  } finally {
    if (more.db === undefined) db.close()
  }
  return steps
}

const read = (path: string, sql: string): readonly unknown[] => {
  const db = nodeSqlite.open(path, { timeoutMs: 0 })
  try {
    return db.prepare(sql).all().flatMap(Object.values)
  } finally {
    db.close()
  }
}

test('before a journal gets a new format it is kept as it was, and both sides of it are told', (t) => {
  const { path } = journalFor(t)

  const [before, after] = upgrade(path)

  assert.deepEqual([before?.from, before?.to, before?.isDone], [now, now + 1, false])
  assert.deepEqual([after?.from, after?.to, after?.isDone], [now, now + 1, true])
  assert.deepEqual(read(path, 'PRAGMA user_version'), [now + 1])
  assert.deepEqual(read(path, 'SELECT name FROM extra ORDER BY name'), ['a', 'b'])
  const copy = before?.copy ?? ''
  assert.deepEqual(read(copy, 'PRAGMA user_version'), [now])
  assert.deepEqual(read(copy, 'SELECT name FROM installation ORDER BY name'), ['a', 'b'])
  assert.deepEqual(upgrade(path), [])
})

/** A process that ends at its n-th statement: that one and all later ones do not happen. */
function endingAt(
  path: string,
  last: number,
): { readonly db: SqlConnection; readonly hasEnded: () => boolean } {
  let count = 0
  const db = steppingConnection(openConnection(path), () => {
    count += 1
    if (count >= last) throw new Error('the process has ended')
  })
  return { db, hasEnded: () => count >= last }
}

test('a process that ends at any statement of a change of format leaves one format or the other, and the next start goes on', (t) => {
  let isThrough = false
  let tried = 0
  for (let last = 1; !isThrough; last += 1) {
    const { path, folder } = journalFor(t)
    const { db, hasEnded } = endingAt(path, last)
    try {
      upgrade(path, { db })
    } catch (error) {
      assert.match(String(error), /the process has ended/)
    }
    isThrough = !hasEnded()
    // The connection goes as a process does: what it had not committed is gone.
    db.close()

    const [format] = read(path, 'PRAGMA user_version')
    assert.ok(format === now || format === now + 1)
    const tables = read(path, `SELECT name FROM sqlite_schema WHERE name = 'extra'`)
    assert.equal(tables.length, format === now ? 0 : 1)
    upgrade(path)

    assert.deepEqual(read(path, 'PRAGMA user_version'), [now + 1])
    assert.deepEqual(read(path, 'SELECT name FROM extra ORDER BY name'), ['a', 'b'])
    const kept = readdirSync(folder).filter((name) => name.startsWith('journal-format'))
    assert.deepEqual(kept, [`journal-format-${now}-at-0.db`])
    tried += 1
  }
  assert.ok(tried > 8, `${tried} points`)
})

test('a copy that was cut short is made again', (t) => {
  const { path, folder } = journalFor(t)
  writeFileSync(join(folder, `journal-format-${now}-at-0.db.part`), 'half')

  const [before] = upgrade(path)

  assert.deepEqual(read(before?.copy ?? '', 'PRAGMA user_version'), [now])
  assert.ok(!existsSync(join(folder, `journal-format-${now}-at-0.db.part`)))
})

test('without room for the copy nothing is changed, and what is needed is said', (t) => {
  const { path, folder } = journalFor(t)

  assert.throws(() => upgrade(path, { freeBytes: () => 1000 }), /1 MiB are needed, 1 MiB are free/)

  assert.deepEqual(read(path, 'PRAGMA user_version'), [now])
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('journal-format')),
    [],
  )
})

test('a new journal gets every migration, and there is nothing to keep', (t) => {
  const { folder } = journalFor(t)
  const path = join(folder, 'new.db')

  assert.deepEqual(upgrade(path), [])

  assert.deepEqual(read(path, 'PRAGMA user_version'), [now + 1])
})
