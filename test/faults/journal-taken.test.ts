import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { test } from 'node:test'
import { StorageUnavailableError, type JournalTakenError } from '../../src/storage/storage.ts'
import { ann, authorize, balance, furnish, look, topUp } from '../contract/accounts.ts'
import { SqliteBed } from '../contract/sqlite-bed.ts'
import { folderFor, startFor } from '../running/server-process.ts'
import { writeRoomyPlans } from '../running/roomy-plans.ts'
import { StreamLoad } from '../running/stream-load.ts'

/** Another hand in the journal: this process cannot know any more what anybody has. */
const foreignEntry = `INSERT INTO journal
  SELECT (SELECT max(position) + 1 FROM journal), customer_id, member_id, kind, at_ms, NULL, NULL, actor, NULL,
    is_shared, NULL, NULL, legs, body, hash
  FROM journal WHERE kind = 'boot' ORDER BY position DESC LIMIT 1`
const foreignEntryFarther = foreignEntry.replace('max(position) + 1', 'max(position) + 7')
const lostEntries = `DROP TRIGGER journal_no_delete;
  DELETE FROM journal WHERE position > (SELECT max(position) - 3 FROM journal)`

for (const [about, sql, message] of [
  ['somebody else wrote an entry', foreignEntry, /was not written by this process/],
  ['somebody else wrote an entry farther on', foreignEntryFarther, /was not written by this/],
  ['acknowledged entries are gone', lostEntries, /was acknowledged/],
] as const) {
  for (const isDiskFailing of [false, true])
    test(`a journal in which ${about} is served no more from the next commit on${isDiskFailing ? ' that fails' : ''}, and the process is told to end`, async () => {
      const told: JournalTakenError[] = []
      const bed = new SqliteBed(undefined, { onTaken: (error) => void told.push(error) })
      try {
        const storage = await bed.open()
        await furnish(storage)
        bed.inFile((db) => db.exec(sql))

        if (isDiskFailing) bed.failNextCommit('before')
        await assert.rejects(
          topUp(storage, { id: 'late', amountNanos: 5n }),
          StorageUnavailableError,
        )

        await assert.rejects(look(storage, ann, balance), StorageUnavailableError)
        assert.equal(told.length, 1)
        assert.match(String(told[0]?.message), message)
        for (let minute = 0; minute < 5; minute += 1) {
          bed.clock.pass(60_000)
          await assert.rejects(authorize(storage, ann, `h${minute}`), StorageUnavailableError)
        }
      } finally {
        await bed.end()
      }
    })
}

test('a server whose journal was written by somebody else ends with 1 and one line, and denies nobody before', async (t) => {
  const folder = folderFor(t, 'taken')
  const server = await startFor(t, { folder, flags: writeRoomyPlans(`${folder}-plans.json`) })
  const load = new StreamLoad(() => 5)
  load.moveTo(server)
  load.start(4)
  await load.begun(4)

  const db = new DatabaseSync(join(folder, 'journal.db'), { timeout: 5000 })
  db.exec(foreignEntry)
  db.close()
  const ending = await server.ended

  load.moveTo(null)
  const { denied } = await load.end()
  assert.deepEqual(ending, { code: 1, signal: null })
  assert.deepEqual(denied, [])
  assert.match(
    server.said(),
    /^Plimsoll ends, because its journal is not what it wrote: Entry \d+ .*$/m,
  )
  assert.doesNotMatch(server.said(), /^\s+at /m)
})
