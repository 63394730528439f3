import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { memberId, personId } from '../../src/core/ids.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { ann, authorize, furnish } from './accounts.ts'
import { addAccount, countAccounts } from './storage-people.ts'
import { SqliteBed } from './sqlite-bed.ts'
import { turns } from './with-bed.ts'

/** What was erased stands in no byte of any file. */
const name = 'Ottilie Erasable'

const onBed = (title: string, check: (bed: SqliteBed, storage: Storage) => Promise<void>): void => {
  test(title, async () => {
    const bed = new SqliteBed()
    try {
      const storage = await bed.open()
      await furnish(storage)
      await check(bed, storage)
    } finally {
      await bed.end()
    }
  })
}

const whereWritten = (bed: SqliteBed): readonly string[] =>
  readdirSync(bed.folder).filter((file) => readFileSync(join(bed.folder, file)).includes(name))

const hasProblem = async (storage: Storage): Promise<boolean> =>
  (await storage.health()).problems.some((problem) => problem.name === 'erasure-open')

/** The storage's own work goes on until the problem is gone. */
async function untilErased(bed: SqliteBed, storage: Storage): Promise<void> {
  for (let tries = 0; (await hasProblem(storage)) && tries < 100; tries += 1) {
    bed.clock.pass(200)
    await turns(5)
  }
}

onBed('no page keeps an old copy of a row that was moved or grew', async (bed, storage) => {
  const persons = Array.from({ length: 400 }, (_, index) => memberId(`m_${(index * 7919) % 400}`))
  for (const [index, id] of persons.entries()) {
    const called = index % 3 === 0 ? `${name} ${index}` : `Somebody ${index}`
    await storage.putPerson({ id, name: called, email: `${index}@example.com` })
  }
  for (const [index, id] of persons.entries()) {
    if (index % 3 === 0)
      await storage.putPerson({ id, name: `${name} ${'x'.repeat(index % 70)}`, email: null })
  }
  const erased = persons.filter((_, index) => index % 3 === 0)

  const { isComplete } = await storage.erasePersons(erased)

  assert.equal(isComplete, true)
  assert.deepEqual(whereWritten(bed), [])
  assert.equal((await storage.persons()).length, 400 - erased.length)
})

onBed('no byte of a removed account is left, and acts cannot be changed', async (bed, storage) => {
  const people = Array.from({ length: 60 }, (_, index) => `p${(index * 37) % 60}`)
  for (const [index, id] of people.entries()) {
    const called = index % 3 === 0 ? `${name} ${id}` : `Somebody ${id}`
    await addAccount(storage, id, { ...ann, name: called })
  }
  const erased = people.filter((_, index) => index % 3 === 0)

  const { isComplete } = await storage.erasePersons(erased.map(personId))

  assert.equal(isComplete, true)
  assert.deepEqual(whereWritten(bed), [])
  const left = people.length - erased.length
  assert.deepEqual(await countAccounts(storage), [left, left, left, left])
  await storage.acts.record({ actor: 'operator', act: 'tried', target: null, details: {} })
  for (const sql of ["UPDATE admin_act SET act = 'other'", 'DELETE FROM admin_act']) {
    assert.throws(() => bed.inFile((db) => db.exec(sql)), /acts are never/)
  }
})

onBed(
  'while somebody reads an old state the answer says so, and it is gone soon after',
  async (bed, storage) => {
    await storage.putPerson({ id: ann.memberId, name, email: null })
    const reader = new DatabaseSync(bed.journalPath)
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM person').get()

    const { isComplete } = await storage.erasePersons([ann.memberId])

    assert.equal(isComplete, false)
    assert.equal(await storage.findPerson(ann.memberId), undefined)
    assert.equal(await hasProblem(storage), true)
    assert.notDeepEqual(whereWritten(bed), [])
    await authorize(storage, ann, 'hold_meanwhile')
    reader.close()
    await untilErased(bed, storage)
    assert.deepEqual(whereWritten(bed), [])
  },
)

onBed(
  'a crash before the log was emptied leaves nothing after the next start',
  async (bed, storage) => {
    await storage.putPerson({ id: ann.memberId, name, email: null })
    const reader = new DatabaseSync(bed.journalPath)
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM person').get()
    await storage.erasePersons([ann.memberId])
    await bed.crash()
    reader.close()
    assert.notDeepEqual(whereWritten(bed), [])

    const again = await bed.open()
    await untilErased(bed, again)

    assert.equal(await again.findPerson(ann.memberId), undefined)
    assert.deepEqual(whereWritten(bed), [])
  },
)

onBed('a start has nothing open before anything was erased', async (bed, storage) => {
  assert.equal(await hasProblem(storage), false)
  await storage.close()

  const again = await bed.open()

  assert.equal(await hasProblem(again), false)
  const reader = new DatabaseSync(bed.journalPath)
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM person').get()
  bed.clock.pass(10_000)
  await turns(5)
  assert.equal(await hasProblem(again), false)
  reader.close()
})

onBed(
  'an erasure names the copies that it does not reach, and no other file',
  async (bed, storage) => {
    await storage.putPerson({ id: ann.memberId, name, email: null })
    const before = await storage.erasePersons([])
    const copies = [
      'journal-format-1-at-5.db',
      'journal.replaced-20261122T120000Z.db',
      'journal.replaced-20261122T120000Z.db-wal',
    ]
    for (const file of [...copies, 'journal-format-1-at-5.db.part', 'notes about journal.db']) {
      writeFileSync(join(bed.folder, file), name)
    }

    const erasure = await storage.erasePersons([ann.memberId])

    assert.deepEqual(before, { isComplete: true, copies: [] })
    assert.deepEqual(erasure, { isComplete: true, copies })
  },
)
