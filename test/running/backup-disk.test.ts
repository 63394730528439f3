import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkBackup } from '../../src/storage/backup/restore-backup.ts'
import { BackupError } from '../../src/storage/storage.ts'
import { authorize, ann, furnish } from '../contract/accounts.ts'
import { SqliteBed } from '../contract/sqlite-bed.ts'
import { diskLeftOut, mountDisk } from './small-disk.ts'

test(
  'a backup that does not fit leaves nothing behind, keeps the one before, and disturbs nobody',
  { skip: diskLeftOut() },
  async (t) => {
    const bed = new SqliteBed()
    t.after(() => bed.end())
    const storage = await bed.open()
    await furnish(storage)
    const disk = mountDisk(t, 'size=2m')
    const file = join(disk, 'copy.db')
    const { sha256, bytes } = await storage.backup({ file, isReplacing: false })
    writeFileSync(join(disk, 'filler'), Buffer.alloc(2 * 1024 * 1024 - Math.ceil(bytes * 1.5)))

    await assert.rejects(
      storage.backup({ file, isReplacing: true }),
      (error) =>
        error instanceof BackupError &&
        error.code === 'backup_failed' &&
        /the disk is full/.test(error.message),
    )

    assert.deepEqual(readdirSync(disk).toSorted(), ['copy.db', 'filler'])
    assert.equal((await checkBackup(file, () => undefined)).sha256, sha256)
    assert.equal((await authorize(storage, ann, 'hold_after')).kind, 'allow')
  },
)
