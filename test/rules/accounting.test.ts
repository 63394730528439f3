import assert from 'node:assert/strict'
import { test } from 'node:test'

import { formatMoney, parseMoney } from '../../src/core/money.ts'
import { priceId } from '../../src/core/ids.ts'
import { costOf, type Price } from '../../src/core/usage.ts'
import { Books, cents, plan, session } from './books.ts'

const small = plan('small', [session(cents(100))])

/** Example rates in the shape of a public price list: $3 in, $15 out, 0.1 and 1.25 and 2 of input for caches. */
const price: Price = {
  id: priceId('price_example'),
  model: 'example',
  source: 'test',
  rates: {
    input: [
      { aboveInputTokens: 0, nanosPerMillion: 3_000_000_000n },
      { aboveInputTokens: 200_000, nanosPerMillion: 6_000_000_000n },
    ],
    output: [
      { aboveInputTokens: 0, nanosPerMillion: 15_000_000_000n },
      { aboveInputTokens: 200_000, nanosPerMillion: 22_500_000_000n },
    ],
    cache_read: [{ aboveInputTokens: 0, nanosPerMillion: 300_000_000n }],
    cache_write_5m: [{ aboveInputTokens: 0, nanosPerMillion: 3_750_000_000n }],
    cache_write_1h: [{ aboveInputTokens: 0, nanosPerMillion: 6_000_000_000n }],
    web_search: [{ aboveInputTokens: 0, nanosPerMillion: 10_000_000_000_000n }],
  },
  multipliers: { 'service_tier:batch': 500 },
}

test('L3: a request that failed before its first byte frees its hold and charges nothing', () => {
  const books = new Books({ plan: small })
  const id = books.hold()
  assert.equal(books.figures().limits[0]?.held, cents(10))

  books.void(id)

  assert.equal(books.figures().limits[0]?.held, 0n)
  assert.equal(books.figures().limits[0]?.used, 0n)
})

test('L4: the same settle twice, or a void after it, is applied once', () => {
  const books = new Books({ plan: small })
  const id = books.hold()
  books.settle(id, { output: 30 })
  const once = books.figures()
  const count = books.entries.length

  assert.deepEqual(books.settle(id, { output: 99 }), { kind: 'already_ended' })
  books.void(id)
  books.expire(id)

  assert.equal(books.entries.length, count)
  assert.deepEqual(books.figures(), once)
})

test('L6: a hundred thousand small charges sum to the nano', () => {
  let sum = 0n
  for (let count = 0; count < 100_000; count += 1) sum += costOf(price, { input: 1, output: 1 })

  assert.equal(sum, 100_000n * 18_000n)
})

test('L6: a cost is rounded once per request, and up', () => {
  const odd: Price = { ...price, rates: { input: [{ aboveInputTokens: 0, nanosPerMillion: 1n }] } }

  assert.equal(costOf(odd, { input: 1 }), 1n)
  assert.equal(costOf(odd, { input: 1_000_000 }), 1n)
  assert.equal(costOf(odd, { input: 1_000_001 }), 2n)
})

test('L6: the kinds of tokens of a request are added up before its one rounding', () => {
  const rate = [{ aboveInputTokens: 0, nanosPerMillion: 1n }]
  const odd: Price = { ...price, rates: { input: rate, output: rate, cache_read: rate } }

  assert.equal(costOf(odd, { input: 1, output: 1, cache_read: 1 }), 1n)
  assert.equal(costOf(odd, { input: 500_000, output: 500_001 }), 2n)
})

test('L6: costs and amounts that no float can hold are exact to the nano', () => {
  const rate = [{ aboveInputTokens: 0, nanosPerMillion: 9_007_199_254_740_993n }]

  assert.equal(
    costOf({ ...price, rates: { output: rate } }, { output: 1_000_000 }),
    9_007_199_254_740_993n,
  )
  assert.equal(parseMoney('9007199.254740993'), 9_007_199_254_740_993n)
  assert.equal(formatMoney(9_007_199_254_740_993n), '$9007199.254740993')
})

test('L7: cache reads, cache writes, server tools, batch and tiers are charged as the price list says', () => {
  const million = 1_000_000

  assert.equal(costOf(price, { cache_read: million }), parseMoney('0.3'))
  assert.equal(costOf(price, { cache_write_5m: 100_000 }), parseMoney('0.375'))
  assert.equal(costOf(price, { cache_write_1h: 100_000 }), parseMoney('0.6'))
  assert.equal(costOf(price, { web_search: 3 }), parseMoney('0.03'))
  assert.equal(
    costOf(price, { input: 1000, output: 1000 }, ['service_tier:batch']),
    parseMoney('0.009'),
  )
  assert.equal(
    costOf(price, { output: 1000, web_search: 2 }, ['service_tier:batch']),
    parseMoney('0.0275'),
  )
  assert.equal(costOf(price, { input: 200_000 }), parseMoney('0.6'))
  assert.equal(costOf(price, { input: 200_001 }), parseMoney('1.200006'))
  assert.equal(
    costOf(price, { input: 1, cache_read: 200_000, output: 1000 }),
    60_000_000n + 6000n + 22_500_000n,
  )
})

test('money is read and written exactly, and what is not money is not read', () => {
  assert.equal(parseMoney('12.34'), 12_340_000_000n)
  assert.equal(formatMoney(12_340_000_000n), '$12.34')
  assert.equal(formatMoney(6_661_500n), '$0.0066615')
  assert.equal(formatMoney(-5n), '$-0.000000005'.replace('$-', '-$'))
  for (const text of [
    '',
    '-1',
    '1e3',
    '0x1',
    '1.0000000001',
    '9'.repeat(13),
    '٣',
    'NaN',
    '9223372036.9',
  ]) {
    assert.equal(parseMoney(text), undefined, text)
  }
})

test('a hold grows with what was metered, and its settle still books the real cost', () => {
  const books = new Books({ plan: small })
  const id = books.hold()
  books.grow(id, { output: 45 })
  assert.equal(books.figures().limits[0]?.held, cents(45))

  books.settle(id, { output: 50 })

  assert.equal(books.figures().limits[0]?.held, 0n)
  assert.equal(books.figures().limits[0]?.used, cents(50))
})

test('the expected cost follows the 90th percentile of this member, and never passes the worst case', () => {
  const books = new Books({ plan: plan('p', [session(cents(100_000))]) })
  for (let count = 1; count <= 20; count += 1) books.spend(count * 5)

  const decision = books.authorize()
  const held = books.figures().limits[0]?.held

  assert.equal(decision.decision.kind, 'allow')
  assert.equal(held, cents(90))
})
