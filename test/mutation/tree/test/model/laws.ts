import assert from 'node:assert/strict'
import fc from 'fast-check'
import { sum } from '../../sum.ts'

const property = fc.property(fc.array(fc.nat()), (numbers) => {
  assert.ok(sum([...numbers, 1]) > sum(numbers))
})

export const laws = [{ name: 'a sum grows', property }]
