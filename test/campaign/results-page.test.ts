import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { isClean } from './campaign.ts'
import { resultsPage, withTable } from './results-page.ts'

test('the table of docs/hard-to-break.md is what the kept runs say', () => {
  const page = readFileSync(resultsPage, 'utf8')

  assert.equal(withTable(page), page)
})

test('a campaign that tried nothing, lost something or denied falsely is not clean', () => {
  const row = { what: 'kills', tried: 1, lost: 0, deniedFalsely: 0, broken: 0 }

  assert.equal(isClean({ rows: [row], figures: [] }), true)
  for (const bad of [{ tried: 0 }, { lost: 1 }, { deniedFalsely: 1 }, { broken: 1 }]) {
    assert.equal(isClean({ rows: [row, { ...row, ...bad }], figures: [] }), false)
  }
  assert.equal(isClean({ rows: [], figures: [] }), false)
})
