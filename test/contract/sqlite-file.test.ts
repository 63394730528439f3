import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { DataFolderOwnedError, JournalUnusableError } from '../../src/storage/storage.ts'
import { stateFormat } from '../../src/storage/state-codec.ts'
import { ann, authorize, balance, bob, furnish, look, settle } from './accounts.ts'
import { startFaultyWriterThread } from '../faults/faulty-writer-thread.ts'
import { SqliteBed } from './sqlite-bed.ts'

/** What only the SQLite files can show: who owns them, who may read them, what if they are not ours. */
const onFiles = (name: string, check: (bed: SqliteBed) => Promise<void>): void => {
  test(name, async () => {
    const bed = new SqliteBed()
    try {
      await check(bed)
    } finally {
      await bed.end()
    }
  })
}

const tryToOwn = (folder: string): string => {
  const script = join(import.meta.dirname, 'own-folder.ts')
  return spawnSync(process.execPath, [script, folder], { encoding: 'utf8' }).stdout.trim()
}

onFiles('a second process gets a clear message, and the folder once it is free', async (bed) => {
  const storage = await bed.open()

  const refused = tryToOwn(bed.folder)
  assert.match(refused, /^data_folder_owned: Another Plimsoll \(process \d+\) uses the data folder/)
  assert.equal(refused.includes(String(process.pid)), true)
  await furnish(storage)
  await storage.close()

  assert.equal(tryToOwn(bed.folder), 'owned')
})

for (const [place, openWriter] of [
  ['this thread', undefined],
  ['a thread of its own', startFaultyWriterThread],
] as const) {
  test(`a journal that cannot be opened again, by ${place}, keeps no stop from ending, and frees its folder`, async () => {
    const bed = new SqliteBed(openWriter)
    try {
      const storage = await bed.open()
      await furnish(storage)
      const outage = bed.arm({ kind: 'io', place: 'open', when: 'before' })
      bed.failNextCommit('before')
      await assert.rejects(authorize(storage, ann, 'lost'))
      // A writer of its own is opened while others go on.
      await look(storage, ann, balance).catch(() => undefined)

      await storage.close()

      outage.end()
      assert.equal(tryToOwn(bed.folder), 'owned')
    } finally {
      await bed.end()
    }
  })
}

onFiles('one process cannot open the same folder twice', async (bed) => {
  await bed.open()

  await assert.rejects(bed.open(), DataFolderOwnedError)
})

onFiles('nobody else may read the folder or a file in it', async (bed) => {
  await furnish(await bed.open())

  const names = readdirSync(bed.folder)
  assert.equal(names.includes('journal.db-wal'), true)
  assert.equal(statSync(bed.folder).mode & 0o777, 0o700)
  for (const name of names) {
    assert.equal(statSync(join(bed.folder, name)).mode & 0o777, 0o600, name)
  }
})

onFiles('a file of another program is refused and left as it was', async (bed) => {
  const db = new DatabaseSync(bed.journalPath)
  db.exec('CREATE TABLE recipe (name TEXT)')
  db.close()
  const before = readFileSync(bed.journalPath)

  await assert.rejects(bed.open(), (error) => {
    assert.ok(error instanceof JournalUnusableError)
    assert.match(error.message, /another program.*Choose another data folder/)
    return true
  })
  assert.deepEqual(readFileSync(bed.journalPath), before)
})

onFiles('a journal of a newer version is refused with the version it needs', async (bed) => {
  await (await bed.open()).close()
  bed.inFile((db) => db.exec('PRAGMA user_version = 99'))

  await assert.rejects(bed.open(), (error) => {
    return error instanceof JournalUnusableError && /newer Plimsoll \(format 99/.test(error.message)
  })
})

onFiles('a file that is no database is refused and kept', async (bed) => {
  writeFileSync(bed.journalPath, 'this was never a database, however long one reads it'.repeat(20))

  await assert.rejects(bed.open(), (error) => {
    return error instanceof JournalUnusableError && /restore the data folder/.test(error.message)
  })
  assert.match(readFileSync(bed.journalPath, 'utf8'), /^this was never/)
})

onFiles('a refused file leaves the folder free for the next try', async (bed) => {
  writeFileSync(bed.journalPath, 'not a database either'.repeat(50))
  await assert.rejects(bed.open(), JournalUnusableError)
  writeFileSync(bed.journalPath, '')

  const storage = await bed.open()

  assert.equal(storage.durablePosition > 0, true)
})

onFiles('entries can be neither changed nor removed', async (bed) => {
  await furnish(await bed.open())

  const change = `UPDATE journal SET at_ms = 0 WHERE position = 1`
  assert.throws(() => bed.inFile((db) => db.exec(change)), /never changed/)
  const removal = 'DELETE FROM journal WHERE position = 1'
  assert.throws(() => bed.inFile((db) => db.exec(removal)), /never removed/)
})

const forgeries: readonly (readonly [what: string, sql: string, fault: RegExp])[] = [
  [
    'an amount was changed',
    `UPDATE journal SET legs = replace(legs, '"490"', '"5"') WHERE position = 13`,
    /Entry 13 breaks the chain/,
  ],
  ['a moment was changed', 'UPDATE journal SET at_ms = at_ms - 1 WHERE position = 13', /Entry 13/],
  ['an entry was removed', 'DELETE FROM journal WHERE position = 13', /Entry 14 follows entry 12/],
  [
    'the last entry was removed',
    'DELETE FROM journal WHERE position = (SELECT max(position) FROM journal)',
    /is the last by count/,
  ],
  [
    'an entry was given to another member',
    `UPDATE journal SET member_id = 'ann' WHERE position = 13`,
    /Entry 13 breaks the chain/,
  ],
  [
    'a text is not readable',
    `UPDATE journal SET body = '{"kind":' WHERE position = 13`,
    /Entry 13 cannot be read/,
  ],
  [
    'a column says something else than the text',
    `UPDATE journal SET hold_id = 'another' WHERE position = 13`,
    /Entry 13 has columns that differ/,
  ],
  [
    'an entry is filed away from the customer',
    'UPDATE journal SET is_shared = 0 WHERE position = 13',
    /Entry 13 is filed wrongly/,
  ],
  [
    'a seal was changed',
    `UPDATE journal SET member_seal = '${stateFormat}:0000' WHERE member_seal IS NOT NULL`,
    /its seal does not fit/,
  ],
]

for (const [what, sql, fault] of forgeries) {
  onFiles(`verify finds it when ${what}`, async (bed) => {
    const storage = await bed.open()
    await furnish(storage)
    for (const name of ['h1', 'h2', 'h3']) {
      await authorize(storage, bob, name)
      await settle(storage, bob, name)
    }
    bed.inFile((db) => {
      db.exec('DROP TRIGGER journal_no_update; DROP TRIGGER journal_no_delete')
      assert.equal(Number(db.prepare(sql).run().changes) > 0, true)
    })

    const { faults } = await storage.verify({ isHealing: false, actor: 'test' })

    assert.equal(
      faults.some((sentence) => fault.test(sentence)),
      true,
      faults.join('\n'),
    )
  })
}

onFiles('an erased person is in none of the files', async (bed) => {
  const storage = await bed.open()
  await furnish(storage)
  await storage.putPerson({ id: ann.memberId, name: 'Ottilie Erasable', email: null })
  const isWritten = (): boolean =>
    readdirSync(bed.folder).some((name) =>
      readFileSync(join(bed.folder, name)).includes('Ottilie Erasable'),
    )
  assert.equal(isWritten(), true)

  await storage.erasePersons([ann.memberId])

  assert.equal(isWritten(), false)
})

test('sums survive being put out of memory', async () => {
  const bed = new SqliteBed(undefined, { sumsMax: 1 })
  try {
    const storage = await bed.open()
    await furnish(storage)
    for (let count = 0; count < 12; count += 1) {
      await Promise.all([
        authorize(storage, bob, `b${count}`),
        authorize(storage, ann, `a${count}`),
      ])
      await settle(storage, bob, `b${count}`)
    }

    assert.equal(await look(storage, bob, balance), 1_000_000n - 12n * 490n)
    assert.equal(await look(storage, ann, ({ member }) => member.holds.size), 12)
    const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
    assert.deepEqual({ faults, drifts }, { faults: [], drifts: [] })
  } finally {
    await bed.end()
  }
})
