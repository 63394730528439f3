import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verdictPictures, writtenVerdictPage } from '../../scripts/write-verdict-pictures.ts'
import { verdictCodes } from '../../src/doctor/verdict/verdict.ts'

test('docs/doctor-verdicts.md shows what the doctor shows', () => {
  assert.equal(
    writtenVerdictPage(),
    verdictPictures(),
    'write it anew: node scripts/bootstrap.mjs scripts/write-verdict-pictures.ts',
  )
})

test('every verdict that claims something has its picture', () => {
  const shown = [...verdictPictures().matchAll(/^## `(\w+)`$/gm)].map(([, code]) => code)

  assert.deepEqual(
    verdictCodes.filter((code) => !shown.includes(code)),
    ['unknown', 'no_refusal'],
  )
})
