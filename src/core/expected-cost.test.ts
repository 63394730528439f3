import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Books, centPrice, cents, hour, limit, plan } from '../../test/rules/books.ts'
import type { RequestFacts } from './entry.ts'
import { bucketOf, expectedOutput, forecast } from './expected-cost.ts'
import type { Price } from './usage.ts'

const facts: RequestFacts = {
  model: 'm',
  priceId: centPrice.id,
  inputTokensExpected: 1,
  inputTokensMax: 1,
  maxTokens: 100,
  isThinking: false,
  consent: 'allow',
}

test('requests are alike that share model, thinking mode and the power of two of max_tokens', () => {
  const bucket = (more: Partial<RequestFacts>): string => bucketOf({ ...facts, ...more })

  assert.equal(bucket({ maxTokens: 64 }), bucket({ maxTokens: 127 }))
  assert.notEqual(bucket({ maxTokens: 127 }), bucket({ maxTokens: 128 }))
  assert.notEqual(bucket({ isThinking: true }), bucket({}))
  assert.notEqual(bucket({ model: 'n' }), bucket({}))
  // Zero and one are the same size, and no size is not a number.
  assert.equal(bucket({ maxTokens: 0 }), bucket({ maxTokens: 1 }))
  assert.equal(bucket({ maxTokens: 0 }), 'm|n|0')
  assert.equal(bucket({ maxTokens: 1024, isThinking: true }), 'm|t|10')
})

test('the 90th percentile of past output is one of them, by nearest rank, whatever their order', () => {
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, nth) => count - nth)

  assert.equal(expectedOutput(undefined), undefined)
  assert.equal(expectedOutput([]), undefined)
  assert.equal(expectedOutput([7]), 7)
  assert.equal(expectedOutput(upTo(9)), 9)
  assert.equal(expectedOutput(upTo(10)), 9)
  assert.equal(expectedOutput(upTo(11)), 10)
  assert.equal(expectedOutput(upTo(32)), 29)
  assert.equal(expectedOutput([100, 9, 20]), 100)
  assert.equal(expectedOutput([3, 20, 100, 1, 1, 1, 1, 1, 1, 1]), 20)
})

const shape = { kind: 'session', lengthMs: hour } as const
const roomy = plan('p', [limit({ id: 'session', amount: 10n ** 15n, shape })])

function forecastOf(price: Price, more: Partial<RequestFacts>, outputs: readonly number[] = []) {
  const { member } = new Books({ plan: roomy }).account()
  const asked = { ...facts, ...more }
  if (outputs.length > 0) member.outputs.set(bucketOf(asked), [...outputs])
  return forecast({ member, plan: roomy, price }, asked)
}

test('without history the plan says what is expected, with history the member’s own requests do', () => {
  const unseen = forecastOf(centPrice, { inputTokensExpected: 5, inputTokensMax: 8 })
  assert.deepEqual(unseen, {
    bucket: 'm|n|6',
    expected: { money: cents(10), tokens: 15n, requests: 1n },
    worst: { money: cents(100), tokens: 108n, requests: 1n },
  })
  const learned = forecastOf(centPrice, {}, [30, 30])
  assert.deepEqual(learned.expected, { money: cents(30), tokens: 31n, requests: 1n })
})

test('what is expected never exceeds max_tokens, nor the worst case in any unit', () => {
  assert.deepEqual(forecastOf(centPrice, { maxTokens: 4 }).expected, {
    money: cents(4),
    tokens: 5n,
    requests: 1n,
  })
  // More input expected than there can be: the worst case bounds money and tokens alike.
  const perInput: Price = {
    ...centPrice,
    rates: { input: [{ aboveInputTokens: 0, nanosPerMillion: 1_000_000n }] },
  }
  const odd = forecastOf(perInput, { inputTokensExpected: 50, inputTokensMax: 20, maxTokens: 10 })
  assert.deepEqual(odd.expected, { money: 20n, tokens: 30n, requests: 1n })
})

test('the worst case is all input at the dearest way to be counted, fresh or written to a cache', () => {
  const rate = (nanos: bigint) => [{ aboveInputTokens: 0, nanosPerMillion: nanos * 1_000_000n }]
  const worst = (rates: Price['rates']): bigint =>
    forecastOf({ ...centPrice, rates }, { inputTokensMax: 10, maxTokens: 3 }).worst.money

  assert.equal(worst({ input: rate(5n), output: rate(2n) }), 56n)
  assert.equal(worst({ input: rate(5n), cache_write_5m: rate(6n), output: rate(2n) }), 66n)
  assert.equal(
    worst({
      input: rate(5n),
      cache_write_5m: rate(6n),
      cache_write_1h: rate(8n),
      output: rate(2n),
    }),
    86n,
  )
  assert.equal(worst({ cache_write_1h: rate(8n), output: rate(2n) }), 86n)
  assert.equal(worst({ cache_write_5m: rate(8n), output: rate(2n) }), 86n)
  // Reading from a cache is never dearer than what it saves.
  assert.equal(worst({ cache_read: rate(8n), output: rate(2n) }), 6n)
})
