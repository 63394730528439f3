import assert from 'node:assert/strict'
import { test } from 'node:test'
import { divideUp, formatMoney, parseMoney } from './money.ts'

test('an amount is read as people write it, to the nano and not beyond', () => {
  const read: readonly (readonly [string, bigint | undefined])[] = [
    ['5', 5_000_000_000n],
    ['12.34', 12_340_000_000n],
    ['0.000000001', 1n],
    [' 7.50\n', 7_500_000_000n],
    ['0', 0n],
    ['0.0000000001', undefined],
    ['', undefined],
    ['.5', undefined],
    ['5.', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['$5', undefined],
    ['5 dollars', undefined],
    ['1,000', undefined],
    ['1234567890123', undefined],
  ]
  for (const [text, nanos] of read) assert.equal(parseMoney(text), nanos, JSON.stringify(text))
})

test('the largest amount is what a signed 64-bit column holds, and one nano more is refused', () => {
  assert.equal(parseMoney('9223372036.854775807'), 2n ** 63n - 1n)
  assert.equal(parseMoney('9223372036.854775808'), undefined)
})

test('an amount is written with two decimals, or with as many as show every nano', () => {
  const written: readonly (readonly [bigint, string])[] = [
    [0n, '$0.00'],
    [12_340_000_000n, '$12.34'],
    [5_000_000_000n, '$5.00'],
    [6_661_500n, '$0.0066615'],
    [100_000_001n, '$0.100000001'],
    [-1n, '-$0.000000001'],
    [-12_500_000_000n, '-$12.50'],
  ]
  for (const [nanos, text] of written) assert.equal(formatMoney(nanos), text)
  assert.equal(formatMoney(1_500_000_000n, '€'), '€1.50')
})

test('what is written is read back as the same amount', () => {
  for (const nanos of [0n, 1n, 999_999_999n, 1_000_000_000n, 1_010_000_000n, 2n ** 63n - 1n]) {
    assert.equal(parseMoney(formatMoney(nanos, '')), nanos)
  }
})

test('a division rounds up, so a part of a nano is a whole one', () => {
  assert.equal(divideUp(10n, 5n), 2n)
  assert.equal(divideUp(11n, 5n), 3n)
  assert.equal(divideUp(0n, 5n), 0n)
  // Towards positive infinity, not away from zero.
  assert.equal(divideUp(-11n, 5n), -2n)
})
