import assert from 'node:assert/strict'
import { test } from 'node:test'
import { priceId } from './ids.ts'
import {
  amountsOf,
  costOf,
  countTokens,
  isFree,
  priceLines,
  type Price,
  type Rate,
} from './usage.ts'

const million = 1_000_000n
/** Nanos per token. */
const at = (nanos: bigint): readonly Rate[] => [
  { aboveInputTokens: 0, nanosPerMillion: nanos * million },
]

function price(rates: Price['rates'], multipliers: Price['multipliers'] = {}): Price {
  return { id: priceId('p'), model: 'm', source: 'test', rates, multipliers }
}

const all = price({
  input: at(1n),
  output: at(10n),
  cache_read: at(100n),
  cache_write_5m: at(1000n),
  cache_write_1h: at(10_000n),
  web_search: at(100_000n),
  web_fetch: at(1_000_000n),
  code_execution: at(10_000_000n),
})
const each = {
  input: 1,
  output: 2,
  cache_read: 3,
  cache_write_5m: 4,
  cache_write_1h: 5,
  web_search: 6,
  web_fetch: 7,
  code_execution: 8,
}

test('L7: each kind of token and each use of a tool is counted at its own rate', () => {
  assert.equal(costOf(all, each), 87_654_321n)
  assert.deepEqual(
    priceLines(all, each).map(({ meter, quantity, nanosPerMillion }) => {
      return [meter, quantity, nanosPerMillion / million]
    }),
    [
      ['input', 1, 1n],
      ['output', 2, 10n],
      ['cache_read', 3, 100n],
      ['cache_write_5m', 4, 1000n],
      ['cache_write_1h', 5, 10_000n],
      ['web_search', 6, 100_000n],
      ['web_fetch', 7, 1_000_000n],
      ['code_execution', 8, 10_000_000n],
    ],
  )
})

test('tokens of all kinds are counted together, and uses of tools are no tokens', () => {
  assert.equal(countTokens(each), 15)
  assert.equal(countTokens({}), 0)
  assert.deepEqual(amountsOf(all, { input: 2, web_search: 3 }), {
    money: 300_002n,
    tokens: 2n,
    requests: 1n,
  })
})

test('what was not used, and what has no rate, is on no line or costs nothing', () => {
  assert.deepEqual(priceLines(all, { input: 0 }), [])
  assert.deepEqual(priceLines(price({}), { output: 5 }), [
    { meter: 'output', quantity: 5, nanosPerMillion: 0n },
  ])
  assert.equal(costOf(price({}), each), 0n)
})

test('a rate for long requests applies above its bound of input of every kind, and the last such rate wins', () => {
  const stepped = price({
    output: [
      { aboveInputTokens: 0, nanosPerMillion: 1n * million },
      { aboveInputTokens: 100, nanosPerMillion: 2n * million },
      { aboveInputTokens: 200, nanosPerMillion: 3n * million },
    ],
    input: [{ aboveInputTokens: 100, nanosPerMillion: 5n * million }],
  })
  const rate = (usage: Parameters<typeof costOf>[1]): bigint =>
    costOf(stepped, { ...usage, output: 1 })

  assert.equal(rate({}), 1n)
  assert.equal(rate({ cache_read: 100 }), 1n)
  assert.equal(rate({ cache_read: 101 }), 2n)
  assert.equal(rate({ cache_read: 60, cache_write_5m: 60 }), 2n)
  assert.equal(rate({ cache_read: 100, cache_write_1h: 101 }), 3n)
  assert.equal(rate({ cache_read: 200 }), 2n)
  assert.equal(rate({ output: 5000 }), 1n)
  // A meter whose only rate is for long requests costs nothing up to its bound.
  assert.equal(costOf(stepped, { input: 100 }), 0n)
  assert.equal(costOf(stepped, { input: 101 }), 505n)
})

test('the way of serving multiplies the price of tokens, each mark once more, and never that of tools', () => {
  const served = price(
    { input: at(1000n), web_search: at(7n) },
    { 'service_tier:batch': 500, 'speed:fast': 6000 },
  )
  const usage = { input: 3, web_search: 2 }

  assert.equal(costOf(served, usage, ['service_tier:batch']), 1514n)
  assert.equal(costOf(served, usage, ['service_tier:batch', 'speed:fast']), 9014n)
  assert.equal(costOf(served, usage, ['unknown:mark']), 3014n)
  assert.deepEqual(amountsOf(served, usage, ['service_tier:batch']).money, 1514n)
})

test('L6: a cost is rounded up once, after everything was multiplied', () => {
  const tiny = price({ input: [{ aboveInputTokens: 0, nanosPerMillion: 1n }] }, { half: 500 })
  assert.equal(costOf(tiny, { input: 1 }), 1n)
  assert.equal(costOf(tiny, { input: 1_000_000 }), 1n)
  assert.equal(costOf(tiny, { input: 1_000_001 }), 2n)
  assert.equal(costOf(tiny, { input: 2_000_000 }, ['half']), 1n)
  assert.equal(costOf(tiny, { input: 2_000_001 }, ['half']), 2n)
})

test('D17: a model is free only where each of its rates is zero', () => {
  assert.equal(isFree(price({})), true)
  assert.equal(isFree(price({ input: at(0n), output: at(0n) })), true)
  assert.equal(isFree(price({ input: at(0n), output: at(1n) })), false)
  const later = [
    { aboveInputTokens: 0, nanosPerMillion: 0n },
    { aboveInputTokens: 100, nanosPerMillion: 1n },
  ]
  assert.equal(isFree(price({ input: later })), false)
})
