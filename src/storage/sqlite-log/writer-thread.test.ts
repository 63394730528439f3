import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFaultyWriterThread } from '../../../test/faults/faulty-writer-thread.ts'
import { SqlFaults } from '../../../test/faults/sql-faults.ts'
import { systemCustomerId } from '../../core/ids.ts'
import type { JournalRow } from '../entry-codec.ts'
import { prepareJournal } from '../sqlite-file/journal-file.ts'
import { JournalReader } from '../sqlite-file/journal-reader.ts'
import { chainHash, firstHash, type JournalWriter } from './journal-writer.ts'
import { startWriterThread } from './writer-thread.ts'

const rowAt = (position: number): JournalRow => ({
  position,
  customerId: systemCustomerId,
  memberId: null,
  kind: 'boot',
  atMs: 1000 + position,
  operationId: null,
  operationDigest: null,
  actor: null,
  holdId: null,
  isShared: 0,
  memberSeal: null,
  customerSeal: null,
  legs: '[]',
  body: `{"kind":"boot","bootId":"boot_${position}","version":"ü"}`,
})

async function withJournal(
  check: (path: string, writer: JournalWriter) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-writer-'))
  const path = join(folder, 'journal.db')
  prepareJournal(path)
  const writer = startWriterThread(path)
  try {
    await check(path, writer)
  } finally {
    await writer.close().catch(() => undefined)
    rmSync(folder, { recursive: true, force: true })
  }
}

test('rows arrive as they were sent, each chained to the one before', async () => {
  await withJournal(async (path, writer) => {
    await writer.commit({ rows: [rowAt(1), rowAt(2)], snapshots: [] })
    await writer.commit({ rows: [rowAt(3)], snapshots: [] })

    const reader = new JournalReader(path)
    const rows = reader.hashedRows(0, 10).map((row) => ({ ...row }))
    reader.close()

    let previous = firstHash
    for (const [index, { hash, ...row }] of rows.entries()) {
      assert.deepEqual(row, rowAt(index + 1))
      assert.equal(hash, chainHash(previous, row))
      previous = hash
    }
    assert.equal(rows.length, 3)
  })
})

test('a batch that cannot be written leaves nothing of itself, and the next one can', async () => {
  await withJournal(async (path, writer) => {
    await writer.commit({ rows: [rowAt(1)], snapshots: [] })

    const broken = assert.rejects(
      writer.commit({ rows: [rowAt(2), rowAt(7)], snapshots: [] }),
      /Entry 7 does not follow entry 2/,
    )
    const after = writer.commit({ rows: [rowAt(2)], snapshots: [] })

    await broken
    await after
    const reader = new JournalReader(path)
    assert.equal(reader.lastPosition(), 2)
    reader.close()
  })
})

test('a thread that cannot begin refuses its orders and does not hang', async () => {
  const writer = startWriterThread(join(tmpdir(), 'no', 'such', 'folder', 'journal.db'))

  await assert.rejects(writer.commit({ rows: [rowAt(1)], snapshots: [] }))
  await assert.rejects(writer.commit({ rows: [rowAt(1)], snapshots: [] }))
})

test('the orders under way when a thread ends are refused, too', async () => {
  await withJournal(async (_path, writer) => {
    const closing = writer.close()
    const late = assert.rejects(writer.commit({ rows: [rowAt(1)], snapshots: [] }))

    await closing
    await late
  })
})

test('a thread that cannot close its connection is ended all the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-writer-'))
  const path = join(folder, 'journal.db')
  prepareJournal(path)
  const faults = new SqlFaults()
  const writer = startFaultyWriterThread(path, faults)
  await writer.commit({ rows: [rowAt(1)], snapshots: [] })

  faults.arm({ kind: 'io', place: 'close', when: 'before', times: 1 })
  await assert.rejects(writer.close(), /disk I\/O error/)

  await assert.rejects(writer.commit({ rows: [rowAt(2)], snapshots: [] }), /has ended/)
  rmSync(folder, { recursive: true, force: true })
})
