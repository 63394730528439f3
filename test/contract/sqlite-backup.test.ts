import assert from 'node:assert/strict'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { restoringName } from '../../src/storage/backup/finish-restore.ts'
import { checkBackup, restoreBackup } from '../../src/storage/backup/restore-backup.ts'
import {
  BackupError,
  JournalUnusableError,
  OperationConflictError,
  type Storage,
} from '../../src/storage/storage.ts'
import { operationId } from '../../src/core/ids.ts'
import {
  ann,
  authorize,
  balance,
  bob,
  furnish,
  look,
  openHoldIds,
  settle,
  topUp,
} from './accounts.ts'
import { SqliteBed } from './sqlite-bed.ts'

/** One file that holds everything at one position, and the way back from it. */
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

const nowMs = Date.UTC(2026, 10, 27, 22, 30)
const silent = (): void => undefined

async function furnished(bed: SqliteBed): Promise<{ storage: Storage; file: string }> {
  const storage = await bed.open()
  await furnish(storage)
  return { storage, file: join(bed.root, 'copy.db') }
}

const isBackupError = (code: BackupError['code']) => (error: unknown) =>
  error instanceof BackupError && error.code === code

onFiles('a backup is whole, private, one file, and taken while others write', async (bed) => {
  const { storage, file } = await furnished(bed)
  const before = storage.durablePosition
  let isTaken = false
  const writing = (async () => {
    for (let count = 0; !isTaken || count < 20; count += 1) {
      await authorize(storage, ann, `hold_${count}`)
      await settle(storage, ann, `hold_${count}`)
    }
  })()

  const phases = new Set<string>()
  const report = await storage.backup({
    file,
    isReplacing: false,
    onProgress: ({ phase }) => void phases.add(phase),
  })
  isTaken = true
  await writing

  assert.ok(report.position >= before && report.position <= storage.durablePosition)
  assert.deepEqual(report.faults, [])
  assert.deepEqual([...phases], ['copy', 'check'])
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(bed.root).toSorted(), ['copy.db', 'data-0'])
  const checked = await checkBackup(file, silent)
  assert.deepEqual({ ...checked }, { ...report })
  const { lastBackup } = await storage.health()
  assert.equal(lastBackup?.position, report.position)
})

onFiles(
  'of two backups at once the second is told to wait, and the first is whole',
  async (bed) => {
    const { storage, file } = await furnished(bed)
    const first = storage.backup({ file, isReplacing: false })
    const other = join(bed.root, 'other.db')

    await assert.rejects(
      storage.backup({ file: other, isReplacing: false }),
      isBackupError('backup_running'),
    )
    const { sha256 } = await first

    assert.equal((await checkBackup(file, silent)).sha256, sha256)
    assert.deepEqual(readdirSync(bed.root).toSorted(), ['copy.db', 'data-0'])
    await storage.backup({ file: other, isReplacing: false })
  },
)

onFiles('a file that is there stays, unless it is a backup and is to be replaced', async (bed) => {
  const { storage, file } = await furnished(bed)
  await storage.backup({ file, isReplacing: false })
  const first = readFileSync(file)
  const letter = join(bed.root, 'letter.txt')
  writeFileSync(letter, 'Dear Ada')

  await assert.rejects(storage.backup({ file, isReplacing: false }), isBackupError('backup_exists'))
  await assert.rejects(
    storage.backup({ file: letter, isReplacing: true }),
    isBackupError('backup_place'),
  )
  assert.deepEqual(readFileSync(file), first)
  assert.equal(readFileSync(letter, 'utf8'), 'Dear Ada')
  await authorize(storage, ann, 'hold_new')
  const { position } = await storage.backup({ file, isReplacing: true })
  assert.equal(position, storage.durablePosition)
})

onFiles('no backup is written into the data folder, by whatever name it is called', async (bed) => {
  const { storage } = await furnished(bed)
  const detour = join(bed.root, 'detour')
  symlinkSync(bed.folder, detour)
  const before = readdirSync(bed.folder)

  for (const file of [
    bed.journalPath,
    join(bed.folder, 'copy.db'),
    join(detour, 'copy.db'),
    join(bed.root, 'nowhere', 'copy.db'),
    'copy.db',
  ]) {
    for (const isReplacing of [false, true]) {
      await assert.rejects(storage.backup({ file, isReplacing }), isBackupError('backup_place'))
    }
  }
  assert.deepEqual(readdirSync(bed.folder), before)
})

onFiles(
  'a restored journal goes on: history, keys of operations and chains, and left holds end',
  async (bed) => {
    const { storage, file } = await furnished(bed)
    await authorize(storage, ann, 'hold_running')
    const report = await storage.backup({ file, isReplacing: false })
    assert.equal(report.openHoldCount, 1)
    await authorize(storage, bob, 'hold_lost')
    const lastPosition = storage.durablePosition
    const entries = await storage.entries({})
    await storage.close()

    const order = { file, dataFolder: bed.folder, nowMs }
    await assert.rejects(
      restoreBackup({ ...order, isReplacing: false }, silent),
      isBackupError('backup_exists'),
    )
    const restored = await restoreBackup({ ...order, isReplacing: true }, silent)

    assert.equal(restored.replaced?.position, lastPosition)
    assert.equal(restored.position, report.position)
    assert.equal(existsSync(restored.replaced?.file ?? ''), true)
    const again = await bed.open()
    assert.deepEqual(
      (await again.entries({})).slice(0, report.position),
      entries.slice(0, report.position),
    )
    assert.deepEqual(await look(again, ann, openHoldIds), [])
    assert.deepEqual(await again.holdEntries('hold_lost' as never), [])
    await authorize(again, bob, 'hold_after')
    const verified = await again.verify({ isHealing: false, actor: 'test' })
    assert.deepEqual([verified.faults, verified.drifts], [[], []])
  },
)

onFiles('a restore waits for no server: a folder in use is refused and left alone', async (bed) => {
  const { storage, file } = await furnished(bed)
  await storage.backup({ file, isReplacing: false })
  const before = readdirSync(bed.folder)

  await assert.rejects(
    restoreBackup({ file, dataFolder: bed.folder, isReplacing: true, nowMs }, silent),
    /uses the data folder/,
  )
  assert.deepEqual(readdirSync(bed.folder), before)
})

onFiles(
  'a damaged, foreign or missing backup is refused before the folder changes',
  async (bed) => {
    const { storage, file } = await furnished(bed)
    await storage.backup({ file, isReplacing: false })
    await storage.close()
    const before = readFileSync(bed.journalPath)
    const bytes = readFileSync(file)
    const bad = (name: string, content: Buffer): string => {
      const path = join(bed.root, name)
      writeFileSync(path, content)
      return path
    }
    const page = Buffer.from(bytes)
    page.fill(0xff, 8192, 12_288)
    const forged = join(bed.root, 'forged.db')
    copyFileSync(file, forged)
    const db = new DatabaseSync(forged)
    db.exec(
      `DROP TRIGGER journal_no_update; UPDATE journal SET at_ms = at_ms + 1 WHERE position = 3`,
    )
    db.close()

    for (const path of [
      bad('page.db', page),
      bad('cut.db', bytes.subarray(0, bytes.length - 8192)),
      bad('letter.txt', Buffer.from('Dear Ada'.repeat(1000))),
      bad('empty.db', Buffer.alloc(0)),
      forged,
      join(bed.root, 'missing.db'),
    ]) {
      await assert.rejects(
        restoreBackup({ file: path, dataFolder: bed.folder, isReplacing: true, nowMs }, silent),
        (error) => error instanceof BackupError || error instanceof JournalUnusableError,
        path,
      )
    }
    assert.deepEqual(readFileSync(bed.journalPath), before)
  },
)

/** The state of the folder after each of the steps of a restore that was killed. */
const steps = ['nothing moved', 'the file moved', 'file and log moved'] as const
for (const [count, step] of steps.entries()) {
  onFiles(`a restore that was killed goes forward at the next start: ${step}`, async (bed) => {
    const { storage, file } = await furnished(bed)
    const { position } = await storage.backup({ file, isReplacing: false })
    await authorize(storage, bob, 'hold_lost')
    await bed.crash()
    const at = (name: string): string => join(bed.folder, name)
    const moment = '2026-11-27T22-30-00-000Z'
    copyFileSync(file, at(restoringName(moment)))
    if (count > 0) renameSync(at('journal.db'), at(`journal.replaced-${moment}.db`))
    if (count > 1) renameSync(at('journal.db-wal'), at(`journal.replaced-${moment}.db-wal`))

    const again = await bed.open()

    assert.deepEqual(await again.holdEntries('hold_lost' as never), [])
    assert.equal((await again.entries({ afterPosition: position }))[0]?.body.kind, 'boot')
    const kept = new DatabaseSync(at(`journal.replaced-${moment}.db`), { readOnly: true })
    const found = kept
      .prepare(`SELECT count(*) AS n FROM journal WHERE hold_id = 'hold_lost'`)
      .get()
    kept.close()
    assert.equal(found?.['n'], 1)
  })
}

onFiles('a log without its file is refused with what to do, and stays as it is', async (bed) => {
  const { storage } = await furnished(bed)
  await authorize(storage, ann, 'hold_1')
  await bed.crash()
  const aside = join(bed.root, 'aside.db')
  renameSync(bed.journalPath, aside)
  const log = readFileSync(`${bed.journalPath}-wal`)
  assert.ok(log.length > 0)

  await assert.rejects(bed.open(), (error) => {
    return (
      error instanceof JournalUnusableError &&
      /Put the file back beside its log/.test(error.message)
    )
  })
  assert.deepEqual(readFileSync(`${bed.journalPath}-wal`), log)

  renameSync(aside, bed.journalPath)
  const again = await bed.open()
  assert.equal((await again.holdEntries('hold_1' as never)).length, 2)
})

onFiles('a backup into a folder that is not there yet makes it', async (bed) => {
  const { storage, file } = await furnished(bed)
  await storage.backup({ file, isReplacing: false })
  const dataFolder = join(bed.root, 'ünder way', 'new')
  mkdirSync(join(bed.root, 'ünder way'))

  const { replaced } = await restoreBackup({ file, dataFolder, isReplacing: false, nowMs }, silent)

  assert.equal(replaced, null)
  assert.equal(statSync(dataFolder).mode & 0o777, 0o700)
  assert.equal(statSync(join(dataFolder, 'journal.db')).mode & 0o777, 0o600)
})

onFiles(
  'a restore is undone by restoring the file that it kept, with what stands in its log',
  async (bed) => {
    const { storage, file } = await furnished(bed)
    await storage.backup({ file, isReplacing: false })
    await authorize(storage, bob, 'hold_after')
    const entries = await storage.entries({})
    await bed.crash()
    const order = { dataFolder: bed.folder, isReplacing: true }
    const { replaced } = await restoreBackup({ ...order, file, nowMs }, silent)
    const kept = replaced?.file ?? ''
    const log = readFileSync(`${kept}-wal`)
    assert.ok(log.length > 0)

    const undone = await restoreBackup({ ...order, file: kept, nowMs: nowMs + 1000 }, silent)

    assert.equal(undone.position, entries.length)
    assert.deepEqual(readFileSync(`${kept}-wal`), log, 'what was kept stays as it is')
    const again = await bed.open()
    assert.deepEqual((await again.entries({})).slice(0, entries.length), entries)
  },
)

onFiles(
  'after a restore old decisions are explained, old keys protect, and a clock that is days ahead is held',
  async (bed) => {
    const { storage, file } = await furnished(bed)
    const signing = await storage.secret('signing', () => 'made once')
    await authorize(storage, bob, 'hold_before')
    await settle(storage, bob, 'hold_before')
    const position = storage.durablePosition
    const read = await storage.accountAt(bob, position)
    const once = (digest: string) => ({
      operationId: operationId('monday'),
      operationDigest: digest,
      answerAgain: () => 'as before',
    })
    const order = { id: 'monday', amountNanos: 50n }
    await topUp(storage, order, once('fifty'))
    const had = await look(storage, bob, balance)
    await storage.backup({ file, isReplacing: false })
    await topUp(storage, { id: 'tuesday', amountNanos: 70n })
    await storage.close()
    const { folder: dataFolder } = bed
    await restoreBackup({ file, dataFolder, isReplacing: true, nowMs }, silent)
    bed.clock.pass(3 * 24 * 60 * 60 * 1000)

    const restored = await bed.open()

    assert.deepEqual(await restored.accountAt(bob, position), read)
    assert.equal(await restored.secret('signing', () => 'made anew'), signing)
    assert.equal(await topUp(restored, order, once('fifty')), 'as before')
    await assert.rejects(topUp(restored, order, once('sixty')), OperationConflictError)
    assert.equal(await look(restored, bob, balance), had)
    assert.equal(restored.clockStatus().isJumpHeld, true)
    assert.ok(
      bed.logged.some((line) => /windows keep the old time until it is confirmed/.test(line)),
    )
    restored.adoptWallClock()
    assert.equal(restored.clockStatus().isJumpHeld, false)
  },
)
