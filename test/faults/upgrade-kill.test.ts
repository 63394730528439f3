import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { folderFor } from '../running/server-process.ts'
import { unpackOld } from '../running/old-folder.ts'
import { nextFormat, upgradeTo } from './upgrade-kill-load.ts'

const script = join(import.meta.dirname, 'upgrade-kill-load.ts')

function read(path: string, sql: string): readonly unknown[] {
  const db = new DatabaseSync(path)
  try {
    return db
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }))
  } finally {
    db.close()
  }
}

const rowsOf = (path: string): readonly unknown[] =>
  read(path, 'SELECT * FROM journal ORDER BY position')

test('L1: killed before any statement of a change of format, the journal of 0.1.0 loses nothing, and the next start goes on', (t) => {
  const untouched = folderFor(t, 'untouched')
  unpackOld(untouched)
  const before = rowsOf(join(untouched, 'journal.db'))
  assert.ok(before.length > 20)
  let kills = 0

  for (let statement = 1; ; statement += 1) {
    const folder = folderFor(t, `killed-${statement}`)
    unpackOld(folder)
    const path = join(folder, 'journal.db')
    const { signal, status, stderr } = spawnSync(execPath, [script, path, String(statement)])
    if (signal === null) {
      assert.equal(status, 0, String(stderr))
      break
    }
    assert.equal(signal, 'SIGKILL')
    kills += 1

    upgradeTo(path)

    assert.deepEqual(rowsOf(path), before)
    assert.deepEqual(read(path, 'PRAGMA user_version'), [{ user_version: nextFormat.version }])
    const copied = read(path, 'SELECT count(*) AS n FROM extra JOIN journal USING (position, hash)')
    assert.deepEqual(copied, [{ n: before.length }])
    const kept = readdirSync(folder).filter((name) => /^journal-format-.*\.db$/.test(name))
    // One of the format that the kill left, and one of the format before, where it was between two changes.
    assert.ok(kept.includes(`journal-format-1-at-${before.length}.db`), String(kept))
    for (const copy of kept) assert.deepEqual(rowsOf(join(folder, copy)), before)
    assert.equal(existsSync(join(folder, `${kept[0]}.part`)), false)
  }
  assert.ok(kills >= 9, `${kills} kills`)
})
