import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hour, limit } from '../../test/rules/books.ts'
import { appliesTo } from './plan.ts'

const of = (models?: readonly string[]) =>
  limit({
    id: 'l',
    amount: 1n,
    shape: { kind: 'session', lengthMs: hour },
    ...(models === undefined ? {} : { models }),
  })

test('D14: a limit counts the models whose names begin with one of its prefixes, or all', () => {
  assert.equal(appliesTo(of(), 'anything'), true)
  assert.equal(appliesTo(of(['small-', 'large-']), 'large-2'), true)
  assert.equal(appliesTo(of(['small-', 'large-']), 'small-1'), true)
  assert.equal(appliesTo(of(['large-']), 'small-large-'), false)
  assert.equal(appliesTo(of(['large-']), 'large'), false)
  assert.equal(appliesTo(of([]), 'large-2'), false)
})
