import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { JournalUnusableError, StorageUnavailableError } from '../../src/storage/storage.ts'
import { ann, authorize, balance, bob, furnish, look, settle, zoe } from './accounts.ts'
import { SqliteBed } from './sqlite-bed.ts'

/** One page of the journal in the middle of the file is not readable any more. */
const pageBytes = 4096
const leafOfTable = 13

/** Damages the leaf of the table that has this text, and none that has the other. */
function damagePage(path: string, { of, notOf }: { of: string; notOf: string }): void {
  const bytes = readFileSync(path)
  for (let at = pageBytes; at < bytes.length; at += pageBytes) {
    const page = bytes.subarray(at, at + pageBytes)
    if (page[0] !== leafOfTable || !page.includes(of) || page.includes(notOf)) continue
    page.fill(0xff, 0, 200)
    writeFileSync(path, bytes)
    return
  }
  throw new Error(`No page has ${of} alone`)
}

test('a damaged page costs its own account an answer and nobody else, and is named by health and verify', async () => {
  const bed = new SqliteBed()
  try {
    const storage = await bed.open()
    await furnish(storage)
    for (const scope of [zoe, ann]) {
      for (let count = 0; count < 30; count += 1) {
        await authorize(storage, scope, `${scope.memberId}_${count}`)
        await settle(storage, scope, `${scope.memberId}_${count}`)
      }
    }
    const balanceBefore = await look(storage, bob, balance)
    await storage.close()
    // A start reads what came since the one before; damage there is told by the start itself.
    await (await bed.open()).close()
    bed.dropDerivations()
    damagePage(bed.journalPath, { of: 'zoe_15', notOf: '"ann' })

    const again = await bed.open()

    await assert.rejects(authorize(again, zoe, 'zoe_new'), StorageUnavailableError)
    await assert.rejects(look(again, zoe, balance), StorageUnavailableError)
    assert.equal((await authorize(again, ann, 'ann_new')).kind, 'allow')
    assert.equal(await look(again, bob, balance), balanceBefore)
    const { problems } = await again.health()
    assert.deepEqual(
      problems.map(({ name, message }) => [name, message.includes('member zoe of zeta')]),
      [['journal-damaged', true]],
    )
    const report = await again.verify({ isHealing: false, actor: 'test' })
    assert.match(
      report.faults.join('\n'),
      /Entry \d+ cannot be read: its part of the file is damaged/,
    )
    assert.doesNotMatch(report.faults.join('\n'), /customer acme/)
    assert.equal((await authorize(again, ann, 'ann_after')).kind, 'allow')
  } finally {
    await bed.end()
  }
})

test('damage in what every start has to read is told by the start, and kept', async () => {
  const bed = new SqliteBed()
  try {
    const storage = await bed.open()
    await furnish(storage)
    for (let count = 0; count < 30; count += 1) await authorize(storage, zoe, `zoe_${count}`)
    await storage.close()
    damagePage(bed.journalPath, { of: 'zoe_15', notOf: '"ann' })
    const before = readFileSync(bed.journalPath)

    await assert.rejects(bed.open(), (error) => {
      return error instanceof JournalUnusableError && /restore your last backup/.test(error.message)
    })
    const after = readFileSync(bed.journalPath)
    assert.equal(after.includes('zoe_29'), true)
    assert.ok(after.length >= before.length)
  } finally {
    await bed.end()
  }
})
