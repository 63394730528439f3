import assert from 'node:assert/strict'
import { test } from 'node:test'
import { week } from '../../test/rules/books.ts'
import type { LimitException } from './account.ts'
import { entitledAmount, exceptionEndMs, exceptionInForce, isBelow } from './entitlement.ts'
import { limitId } from './ids.ts'

const id = limitId('week')
const weekly = week(100n)
const member = (exception?: LimitException) => ({
  exceptions: new Map(exception === undefined ? [] : [[id, exception]]),
})

test('without an exception the plan’s own amount counts, and changes by no time', () => {
  assert.equal(exceptionInForce(member(), id, 0), undefined)
  assert.equal(entitledAmount(weekly, member(), 0), 100n)
  assert.equal(exceptionEndMs(member(), id, 0), Infinity)
  const other = { exceptions: new Map([[limitId('day'), { amount: 7n, untilMs: null }]]) }
  assert.equal(entitledAmount(weekly, other, 0), 100n)
})

test('an exception for good counts at every moment', () => {
  const exception = { amount: 7n, untilMs: null }
  assert.equal(exceptionInForce(member(exception), id, Number.MAX_SAFE_INTEGER), exception)
  assert.equal(entitledAmount(weekly, member(exception), Number.MAX_SAFE_INTEGER), 7n)
  assert.equal(exceptionEndMs(member(exception), id, 5), Infinity)
})

test('an exception until a moment counts before it, and the plan’s amount from it on', () => {
  const held = member({ amount: 7n, untilMs: 1000 })
  assert.deepEqual([entitledAmount(weekly, held, 999), exceptionEndMs(held, id, 999)], [7n, 1000])
  assert.deepEqual(
    [entitledAmount(weekly, held, 1000), exceptionEndMs(held, id, 1000)],
    [100n, Infinity],
  )
  assert.equal(exceptionInForce(held, id, 1000), undefined)
})

test('unlimited is another amount than none: it refuses nothing', () => {
  assert.equal(entitledAmount(weekly, member({ amount: null, untilMs: null }), 0), null)
  assert.equal(entitledAmount(weekly, member({ amount: 0n, untilMs: null }), 0), 0n)
  assert.equal(isBelow(10n ** 18n, null), true)
  assert.equal(isBelow(0n, 0n), false)
})

test('a limit admits while anything of it is left, and not at its amount', () => {
  assert.equal(isBelow(99n, 100n), true)
  assert.equal(isBelow(100n, 100n), false)
  assert.equal(isBelow(101n, 100n), false)
})
