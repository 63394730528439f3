import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startCopierThread } from './copier-thread.ts'
import { prepareJournal } from '../sqlite-file/journal-file.ts'

test('a copier whose thread ended is replaced by the next order, which gets its own answer', async () => {
  const root = mkdtempSync(join(tmpdir(), 'plimsoll-copier-'))
  const folder = join(root, 'data')
  const path = join(folder, 'journal.db')
  const copier = startCopierThread(path)
  try {
    await assert.rejects(copier.work('size'))

    mkdirSync(folder)
    prepareJournal(path)
    const sizes = await Promise.all([copier.work('size'), copier.work('copy')])

    assert.deepEqual(
      sizes.map(({ pages, isBlocked }) => ({ pages, isBlocked })),
      [
        { pages: 0, isBlocked: false },
        { pages: 0, isBlocked: false },
      ],
    )
  } finally {
    await copier.close()
    rmSync(root, { recursive: true, force: true })
  }
})
