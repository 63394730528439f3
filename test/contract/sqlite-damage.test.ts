import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { monthsOf } from '../../src/health/customer-months.ts'
import {
  JournalUnusableError,
  StorageUnavailableError,
  type Storage,
} from '../../src/storage/storage.ts'
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
  zoe,
} from './accounts.ts'
import { SqliteBed } from './sqlite-bed.ts'
import { settleWrongly } from './storage-quarantine.ts'

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

/** What another hand, or a bit that flips, can make of one entry of Zoe's customer, with its page intact. */
const zoeEntry = `member_id = 'zoe' AND kind = 'held' AND hold_id = 'zoe_3'`
const damages: readonly (readonly [about: string, change: string, where: string])[] = [
  ['whose body is no JSON', `body = substr(body, 2)`, zoeEntry],
  ['whose body is null', `body = 'null'`, zoeEntry],
  ['whose legs are no JSON', `legs = '[["plan'`, zoeEntry],
  ['of an unknown kind', `body = replace(body, '"kind":"held"', '"kind":"hold"')`, zoeEntry],
  ['of another kind than its row', `kind = 'hold_grown'`, zoeEntry],
  [
    'with a number that is none',
    `body = replace(body, '"worstNanos":"', '"worstNanos":"x')`,
    zoeEntry,
  ],
  [
    'that does not fit the entries before it',
    `legs = replace(legs, 'grant:zoes:', 'grant:none:')`,
    `customer_id = 'zeta' AND kind = 'granted'`,
  ],
]

for (const [about, change, where] of damages) {
  test(`an entry ${about} costs its own account an answer and nobody else, ends no process, and is named`, async () => {
    const bed = new SqliteBed()
    try {
      const storage = await bed.open()
      await furnish(storage)
      await topUp(storage, { id: 'zoes', amountNanos: 5n, customerId: zoe.customerId })
      for (let count = 0; count < 6; count += 1) {
        await authorize(storage, zoe, `zoe_${count}`)
        await settle(storage, zoe, `zoe_${count}`)
      }
      const balanceBefore = await look(storage, bob, balance)
      await storage.close()
      await (await bed.open()).close()
      const mend = damageEntry(bed, { change, where })
      const again = await bed.open()

      for (let attempt = 0; attempt < 2; attempt += 1) {
        await assert.rejects(authorize(again, zoe, 'zoe_new'), StorageUnavailableError)
      }
      assert.equal((await authorize(again, ann, 'ann_new')).kind, 'allow')
      assert.equal(await look(again, bob, balance), balanceBefore)
      // The check-up is asked for because of such a thing.
      const months = await monthsOf(again, [zoe.customerId, ann.customerId])
      assert.equal(months.at(-1)?.customerId, 'acme')
      const [problem] = (await again.health()).problems.filter(
        ({ name }) => name === 'journal-damaged',
      )
      assert.match(String(problem?.message), /zeta cannot be read: entry \d+ is damaged/)
      const [, position] = /entry (\d+)/.exec(String(problem?.message)) ?? []
      const report = await again.verify({ isHealing: true, actor: 'test' })
      assert.match(report.faults.join('\n'), new RegExp(`Entry ${position} `))
      assert.doesNotMatch(report.faults.join('\n'), /customer acme/)

      bed.failNextCommit('before')
      await assert.rejects(authorize(again, ann, 'ann_lost'), StorageUnavailableError)
      assert.equal((await authorize(again, ann, 'ann_after')).kind, 'allow')
      mend()
      assert.equal((await authorize(again, zoe, 'zoe_mended')).kind, 'allow')
    } finally {
      await bed.end()
    }
  })
}

test('a hold whose account is damaged meanwhile is kept and keeps nobody else; mended, it ends as lost', async () => {
  const bed = new SqliteBed()
  try {
    const storage = await bed.open()
    await furnish(storage)
    for (let count = 0; count < 5; count += 1) await authorize(storage, zoe, `zoe_${count}`)
    await authorize(storage, ann, 'ann_old')
    const mend = damageEntry(bed, { change: `body = substr(body, 2)`, where: zoeEntry })
    bed.failNextCommit('after')
    await Promise.allSettled([
      authorize(storage, ann, 'ann_lost'),
      authorize(storage, zoe, 'zoe_lost'),
    ])

    await assert.rejects(settle(storage, zoe, 'zoe_1'), StorageUnavailableError)
    assert.equal((await authorize(storage, ann, 'ann_new')).kind, 'allow')
    for (let second = 0; second < 62; second += 1) {
      bed.clock.pass(1000)
      await look(storage, ann, openHoldIds)
    }
    assert.deepEqual(await look(storage, ann, openHoldIds), [])
    assert.equal(storage.openHoldCount(zoe.customerId), 6)

    mend()
    assert.equal((await settle(storage, zoe, 'zoe_1')).kind, 'settled')
    for (let second = 0; second < 5; second += 1) {
      bed.clock.pass(1000)
      await look(storage, zoe, openHoldIds)
    }
    assert.deepEqual(await look(storage, zoe, openHoldIds), [])
    const ends = await storage.entries({ customerId: zoe.customerId, memberId: zoe.memberId })
    const kinds = ends.map(({ body }) => body.kind)
    assert.equal(kinds.filter((kind) => kind === 'expired').length, 5)
    assert.equal(kinds.includes('voided'), false)
    const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
    assert.deepEqual({ faults, drifts }, { faults: [], drifts: [] })
  } finally {
    await bed.end()
  }
})

const faultsOfOneCustomer: readonly (readonly [what: string, sql: string])[] = [
  ['an entry that cannot be read', `UPDATE journal SET body = '{' WHERE ${zoeEntry}`],
  [
    'an entry that breaks its chain and does not fit',
    `UPDATE journal SET body = replace(body, '"worstNanos":"', '"worstNanos":"1') WHERE ${zoeEntry}`,
  ],
  [
    'an entry of a later moment',
    `UPDATE journal SET at_ms = at_ms + 86400000000 WHERE ${zoeEntry}`,
  ],
  ['a column of another content', `UPDATE journal SET kind = 'hold_grown' WHERE ${zoeEntry}`],
  [
    'an entry that is filed wrongly',
    `UPDATE journal SET is_shared = 1 - is_shared WHERE ${zoeEntry}`,
  ],
]

for (const [what, sql] of faultsOfOneCustomer) {
  test(`a verify that finds ${what} ends the quarantine of every customer but that one`, async () => {
    const bed = new SqliteBed()
    try {
      const storage = await openInQuarantine(bed)
      forge(bed, sql)

      const report = await storage.verify({ isHealing: false, actor: 'test' })

      assert.notEqual(report.faults.length, 0)
      assert.doesNotThrow(() => storage.quarantine.assertServed(ann.customerId))
      assert.equal((await authorize(storage, ann, 'ann_after')).kind, 'allow')
      assert.throws(() => storage.quarantine.assertServed(zoe.customerId), StorageUnavailableError)
    } finally {
      await bed.end()
    }
  })
}

const faultsOfAnybody: readonly (readonly [what: string, sql: string])[] = [
  ['that an entry is missing', `DELETE FROM journal WHERE ${zoeEntry}`],
  [
    'that the last entry is missing',
    'DELETE FROM journal WHERE position = (SELECT max(position) FROM journal)',
  ],
  [
    'a fault in what counts for all of them',
    `UPDATE journal SET at_ms = at_ms - 1 WHERE position = 1`,
  ],
]

for (const [what, sql] of faultsOfAnybody) {
  test(`a verify that finds ${what} ends nobody's quarantine`, async () => {
    const bed = new SqliteBed()
    try {
      const storage = await openInQuarantine(bed)
      forge(bed, sql)

      const report = await storage.verify({ isHealing: false, actor: 'test' })

      assert.notEqual(report.faults.length, 0)
      for (const { customerId } of [ann, zoe]) {
        assert.throws(() => storage.quarantine.assertServed(customerId), StorageUnavailableError)
      }
    } finally {
      await bed.end()
    }
  })
}

/** Two customers, each in quarantine for an impossible change of its own. */
async function openInQuarantine(bed: SqliteBed): Promise<Storage> {
  const storage = await bed.open()
  await furnish(storage)
  for (let count = 0; count < 5; count += 1) await authorize(storage, zoe, `zoe_${count}`)
  await authorize(storage, bob, 'bobs')
  for (const [scope, hold] of [
    [zoe, 'zoe_0'],
    [bob, 'bobs'],
  ] as const) {
    await assert.rejects(settleWrongly(storage, scope, hold), StorageUnavailableError)
  }
  return storage
}

function forge(bed: SqliteBed, sql: string): void {
  bed.inFile((db) => {
    db.exec('DROP TRIGGER journal_no_update; DROP TRIGGER journal_no_delete')
    assert.equal(Number(db.prepare(sql).run().changes), 1)
  })
}

/** Changes an entry's text, with every stored derivation gone; answers what puts it back. */
function damageEntry(
  bed: SqliteBed,
  { change, where }: { readonly change: string; readonly where: string },
): () => void {
  const columns = 'position, kind, legs, body'
  const [row] = bed.inFile((db) => {
    const found = db.prepare(`SELECT ${columns} FROM journal WHERE ${where}`).all()
    db.exec(`DROP TRIGGER IF EXISTS journal_no_update; UPDATE journal SET ${change} WHERE ${where}`)
    db.exec('DELETE FROM snapshot')
    return found
  })
  if (row === undefined) throw new Error(`No entry is ${where}`)
  const { kind, legs, body, position } = row
  return () =>
    bed.inFile((db) => {
      const put = db.prepare('UPDATE journal SET kind = ?, legs = ?, body = ? WHERE position = ?')
      put.run(kind ?? null, legs ?? null, body ?? null, position ?? null)
    })
}
