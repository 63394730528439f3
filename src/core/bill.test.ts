import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { billOf } from './bill.ts'
import { priceId } from './ids.ts'
import { tokenMeters, toolMeters, type Price, type Usage } from './usage.ts'

const priceOf = (rates: Readonly<Record<string, bigint>>, multipliers = {}): Price => ({
  id: priceId('p'),
  model: 'm',
  source: 'test',
  rates: Object.fromEntries(
    Object.entries(rates).map(([meter, nanosPerMillion]) => [
      meter,
      [{ aboveInputTokens: 0, nanosPerMillion }],
    ]),
  ),
  multipliers,
})

describe('the bill of a request', () => {
  test('each line is quantity times rate, and the one rounding is told', () => {
    const price = priceOf({ input: 3_000_500n, output: 15_000_000n })

    const bill = billOf(price, { input: 3, output: 2 }, [])

    assert.deepEqual(
      bill.lines.map(({ meter, amount }) => [meter, amount]),
      [
        ['input', '9.0015'],
        ['output', '30'],
      ],
    )
    assert.equal(bill.roundedUpBy, '0.9985')
    assert.equal(bill.costNanos, 40n)
  })

  test('a way of serving multiplies tokens and leaves uses of tools as they are', () => {
    const price = priceOf({ input: 1_000_000n, web_search: 10_000_000n }, { 'tier:batch': 500 })

    const bill = billOf(price, { input: 5, web_search: 1 }, ['tier:batch', 'tier:unknown'])

    assert.deepEqual(bill.multipliers, [{ mark: 'tier:batch', thousandths: 500 }])
    assert.deepEqual(
      bill.lines.map(({ amount }) => amount),
      ['2.5', '10'],
    )
    assert.equal(bill.costNanos, 13n)
  })

  test('L6: lines and rounding always add up to the cost, and the rounding is less than a nano', () => {
    const meters = [...tokenMeters, ...toolMeters]
    const perMeter = <Value>(value: fc.Arbitrary<Value>) =>
      fc.record(Object.fromEntries(meters.map((meter) => [meter, value])))
    const cases = fc.record({
      rates: perMeter(fc.bigInt({ min: 0n, max: 10n ** 13n })),
      usage: perMeter(fc.integer({ min: 0, max: 10_000_000 })),
      marks: fc.subarray(['a', 'b', 'c']),
      multipliers: fc.record({
        a: fc.integer({ min: 0, max: 9999 }),
        b: fc.integer({ min: 0, max: 9999 }),
      }),
    })

    fc.assert(
      fc.property(cases, ({ rates, usage, marks, multipliers }) => {
        const bill = billOf(priceOf(rates, multipliers), usage as Usage, marks)

        const amounts = [...bill.lines.map(({ amount }) => amount), bill.roundedUpBy]
        assert.equal(sumOf(amounts), bill.costNanos * scale)
        assert.ok(sumOf([bill.roundedUpBy]) < scale)
      }),
    )
  })
})

const decimals = 30
const scale = 10n ** BigInt(decimals)

function sumOf(texts: readonly string[]): bigint {
  let sum = 0n
  for (const text of texts) {
    const [whole = '', fraction = ''] = text.split('.')
    sum += BigInt(whole + fraction.padEnd(decimals, '0'))
  }
  return sum
}
