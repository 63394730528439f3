import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decimalsFor, money, moneyParts, parseMoney, plainMoney } from './money.ts'

/** Money is exact on its way to a reader and back, however large or fine. */

test('an amount is written with at least two decimals, and with every digit that it has', () => {
  const written = [
    ['0', '$0.00'],
    ['25000000000', '$25.00'],
    ['1234567', '$0.001234567'],
    ['-4500000', '-$0.0045'],
    // Beyond what a float holds.
    ['9007199254740993000000001', '$9,007,199,254,740,993.000000001'],
  ] as const

  assert.deepEqual(
    written.map(([nanos]) => money(nanos, '$')),
    written.map(([, text]) => text),
  )
})

test('what stands below the cent is a part of its own, and the parts are the whole', () => {
  assert.deepEqual(moneyParts('25001234567', '$'), ['$25.00', '1234567', ''])
  assert.equal(moneyParts('25001234567', '€').join(''), '€25.001234567')
})

test('amounts of one column get as many decimals as the finest of them', () => {
  const amounts = ['1000000000', '4500000', '100000000']

  const decimals = decimalsFor(amounts)

  assert.equal(decimals, 4)
  assert.deepEqual(
    amounts.map((nanos) => money(nanos, '$', decimals)),
    ['$1.0000', '$0.0045', '$0.1000'],
  )
})

test('what is typed becomes nanos, and what is no amount becomes nothing rather than another amount', () => {
  const typed = [
    ['25', '.', 25_000_000_000n],
    [' 12.5 ', '.', 12_500_000_000n],
    ['1,234.50', '.', 1_234_500_000_000n],
    ['1.234,50', ',', 1_234_500_000_000n],
    ['.5', '.', 500_000_000n],
    ['0.000000001', '.', 1n],
    ['0.0000000001', '.', null],
    ['1,5', '.', null],
    ['1.2.3', '.', null],
    ['-5', '.', null],
    ['5e3', '.', null],
    ['', '.', null],
    ['.', '.', null],
  ] as const

  assert.deepEqual(
    typed.map(([text, decimal]) => parseMoney(text, decimal)),
    typed.map(([, , nanos]) => nanos),
  )
})

test('an amount that is put into a field for changing reads back as itself', () => {
  for (const nanos of [0n, 1n, 12_500_000_000n, 999_999_999_999_999_999n]) {
    assert.equal(parseMoney(plainMoney(nanos)), nanos)
  }
})
