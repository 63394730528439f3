import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sum } from './sum.ts'

describe('a sum', () => {
  test('of two is both', async () => {
    await Promise.resolve()
    assert.equal(sum([1, 2]), 3)
    // Whichever of these tests comes first, what a mutant leaves behind is noticed here.
    assert.equal(sum([1, 2]), 3)
  })

  test('of none is zero', { timeout: 1000 }, () => assert.equal(sum([]), 0))
})
