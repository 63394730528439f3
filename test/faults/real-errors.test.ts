import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { openJournalWriter } from '../../src/storage/sqlite-log/journal-writer.ts'
import { nodeSqlite, type SqlDriver } from '../../src/storage/sqlite-file/sql-driver.ts'
import {
  StorageUnavailableError,
  type MemberScope,
  type Storage,
} from '../../src/storage/storage.ts'
import {
  acme,
  ann,
  authorize,
  balance,
  bob,
  furnish,
  look,
  settle,
  topUp,
  zoe,
} from '../contract/accounts.ts'
import { SqliteBed } from '../contract/sqlite-bed.ts'
import { furnishAll } from './callers.ts'

/** Not planted: SQLite's own words when there is no room, no lock and no sense in a page. */
async function onDriver(
  driver: SqlDriver,
  check: (bed: SqliteBed, storage: Storage) => Promise<void>,
): Promise<void> {
  const bed = new SqliteBed(undefined, {
    driver,
    startWriter: (path) => openJournalWriter(path, driver),
  })
  try {
    const storage = await bed.open()
    await furnish(storage)
    await check(bed, storage)
  } finally {
    await bed.end()
  }
}

async function assertClean(storage: Storage): Promise<void> {
  const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
  assert.deepEqual({ faults, drifts }, { faults: [], drifts: [] })
}

test('D12: a file that may not grow any more refuses nobody for it, and goes on when there is room', async () => {
  let pagesMax = 0
  const driver: SqlDriver = {
    open: (path, options) => {
      const db = nodeSqlite.open(path, options)
      return {
        get isTransaction() {
          return db.isTransaction
        },
        exec: (sql) => {
          if (sql.startsWith('BEGIN')) db.exec(`PRAGMA max_page_count = ${pagesMax || 1_000_000}`)
          db.exec(sql)
        },
        prepare: (sql) => db.prepare(sql),
        close: () => db.close(),
      }
    },
  }
  await onDriver(driver, async (bed, storage) => {
    const before = await look(storage, ann, balance)
    // SQLite never sets this below what the file has already.
    pagesMax = 1
    const told: unknown[] = []
    for (let round = 0; round < 400 && told.length === 0; round += 1) {
      await topUp(storage, { id: `t${round}`, amountNanos: 1n }).catch((error) => told.push(error))
    }

    assert.ok(told[0] instanceof StorageUnavailableError)
    assert.match(String((told[0].cause as Error).message), /database or disk is full/)
    await assert.rejects(authorize(storage, bob, 'h1'), StorageUnavailableError)
    pagesMax = 0
    bed.clock.pass(10_000)

    assert.equal((await authorize(storage, bob, 'h2')).kind, 'allow')
    await settle(storage, bob, 'h2')
    const grants = await storage.entries({ customerId: acme, kind: 'granted' })
    const granted = BigInt(grants.length - 1)
    assert.equal(await look(storage, ann, balance), before + granted - 490n)
    await assertClean(storage)
  })
})

test('D12: a file that another program keeps locked beyond the wait refuses nobody, and goes on when it is free', async () => {
  // The real wait is five seconds; one millisecond tells the same error.
  const driver: SqlDriver = { open: (path) => nodeSqlite.open(path, { timeoutMs: 1 }) }
  await onDriver(driver, async (bed, storage) => {
    const other = new DatabaseSync(bed.journalPath)
    other.exec('BEGIN IMMEDIATE')
    const answers = await Promise.allSettled([
      authorize(storage, bob, 'h1'),
      authorize(storage, ann, 'h2'),
      topUp(storage, { id: 'late', amountNanos: 5n }),
    ])
    for (const answer of answers) {
      assert.equal(answer.status, 'rejected')
      assert.ok(answer.reason instanceof StorageUnavailableError)
      assert.match(String((answer.reason.cause as Error).message), /locked/)
    }
    other.exec('ROLLBACK')
    other.close()
    bed.clock.pass(10_000)

    assert.equal((await authorize(storage, bob, 'h3')).kind, 'allow')
    assert.equal(storage.openHoldCount(acme), 1)
    await assertClean(storage)
  })
})

test('D12: pages that make no sense any more are told as "unavailable" to whoever needs them, and to nobody as "out"', async () => {
  // Without snapshots every entry has to be read.
  const bed = new SqliteBed(undefined, { sumsMax: 1, snapshotEvery: 1_000_000 })
  try {
    const storage = await bed.open()
    await furnishAll(storage)
    for (let round = 0; round < 30; round += 1) {
      await authorize(storage, ann, `h${round}`)
      await settle(storage, ann, `h${round}`)
    }
    await storage.close()
    let toldAway = 0
    const whole = readFileSync(bed.journalPath)
    for (let page = 2; page * pageBytes <= whole.length; page += 1) {
      writeFileSync(bed.journalPath, whole)
      const asked = await bed.open()
      damage(bed.journalPath, page)
      for (const scope of [ann, bob, zoe]) {
        toldAway += Number(await isToldAway(asked, scope, `${scope.memberId}-${page}`))
      }
      await asked.close().catch(() => undefined)
      writeFileSync(bed.journalPath, whole)
      rmSync(`${bed.journalPath}-wal`, { force: true })
      rmSync(`${bed.journalPath}-shm`, { force: true })
    }
    assert.ok(toldAway > 0)
  } finally {
    await bed.end()
  }
})

/** Whoever is not served is told to try again, and nothing else. */
async function isToldAway(storage: Storage, scope: MemberScope, hold: string): Promise<boolean> {
  try {
    assert.equal((await authorize(storage, scope, hold)).kind, 'allow', hold)
    return false
  } catch (error) {
    assert.ok(error instanceof StorageUnavailableError, `${hold}: ${String(error)}`)
    return true
  }
}

const pageBytes = 4096

/** In place, under the open file: what was read before stays in memory, what was not is nonsense now. */
function damage(path: string, page: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(pageBytes, 0xa5), 0, pageBytes, (page - 1) * pageBytes)
  closeSync(file)
}
