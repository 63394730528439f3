import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { linesFromEnd } from './lines-from-end.ts'

test('the lines of a file from its end are those from its beginning, turned round', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-lines-'))
  const path = join(folder, 'lines')
  try {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      // Longer than one chunk of reading.
      fc.integer({ min: 200_000, max: 600_000 }).map((length) => 'ä'.repeat(length / 2)),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.boolean(), (lines, hasEnd) => {
        const text = lines.map((each) => each.replaceAll(/\n/g, ' ')).join('\n')
        writeFileSync(path, hasEnd ? `${text}\n` : text)

        const read = [...linesFromEnd(path, { bytesMax: Number.POSITIVE_INFINITY })]

        const expected = text
          .split('\n')
          .map((each) => each.trim())
          .filter((each) => each !== '')
        assert.deepEqual(read.reverse(), expected)
      }),
      { numRuns: 60 },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a line that the bound cuts in two is left out', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-lines-'))
  const path = join(folder, 'lines')
  try {
    writeFileSync(path, 'first line\nsecond line\nthird\n')

    assert.deepEqual([...linesFromEnd(path, { bytesMax: 12 })], ['third'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
