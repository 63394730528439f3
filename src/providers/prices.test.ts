import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { costOf, type Meter } from '../core/usage.ts'
import { parsePriceOverrides, PriceOverridesError } from './price-overrides.ts'
import { snapshotModels, snapshotName } from './price-source.ts'
import { createPriceBook, type UnpricedPolicy } from './prices.ts'

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
const nowMs = Date.parse('2026-11-22T12:00:00Z')

function bookWith(overrides: unknown = { models: {} }, unpriced: UnpricedPolicy = 'refuse') {
  return createPriceBook({ digest, unpriced, overrides: parsePriceOverrides(overrides) })
}

/** One for all of its tests, as a server has one for years: what it remembers must not outlive its day. */
const published = bookWith()

function ratesOf(model: string, atMs = nowMs): Partial<Record<Meter, string>> {
  const price = published.priceOf({ model }, atMs)
  assert.ok(price !== undefined, model)
  const text = (rates: readonly { nanosPerMillion: bigint }[]): string =>
    rates.map((rate) => `${rate.nanosPerMillion / 1_000_000n}`).join(' ')
  return Object.fromEntries(
    Object.entries(price.rates).map(([meter, rates]) => [meter, text(rates)]),
  )
}

test('L7: a Claude model is priced for input, output, cache reads, both cache writes and searches', () => {
  // Thousandths of a dollar per million tokens, as the price list of November 2026 has them.
  assert.deepEqual(ratesOf('claude-opus-5-5'), {
    input: '4000',
    output: '20000',
    cache_read: '200',
    cache_write_5m: '5000',
    cache_write_1h: '8000',
    web_search: '10000000',
  })
})

test('L7: prices published after the snapshot win over it, from their day on', () => {
  assert.equal(ratesOf('claude-sonnet-5-5').cache_read, '100')
  assert.equal(ratesOf('claude-sonnet-5-5', Date.parse('2026-10-01T00:00:00Z')).cache_read, '200')
  assert.equal(ratesOf('claude-sonnet-5').cache_read, '200')
  assert.equal(ratesOf('claude-fable-5-2').cache_write_1h, '16000')
})

test('L7: a request above the size step pays the dearer rates for all of its tokens', () => {
  const price = bookWith().priceOf({ model: 'claude-haiku-5-5' }, nowMs)
  assert.ok(price !== undefined)

  assert.equal(costOf(price, { input: 100_000, output: 1000 }), 10_500_000n)
  assert.equal(costOf(price, { input: 40_000, cache_read: 60_001, output: 1000 }), 25_500_050n)
})

test('names with a date, an alias or a platform suffix mean the model itself', () => {
  const same = [
    ['claude-opus-5-5', 'claude-opus-5-5-20260901'],
    ['claude-haiku-4-5', 'claude-haiku-4-5-20251001'],
    ['claude-sonnet-4-0', 'claude-sonnet-4-20250514'],
    ['claude-3-5-haiku-latest', 'claude-3-5-haiku-20241022'],
    ['claude-opus-4-1', 'claude-opus-4-1@20250805'],
  ]
  const book = bookWith()
  for (const [name = '', other = ''] of same) {
    const price = book.priceOf({ model: name }, nowMs)
    assert.ok(price !== undefined, name)
    assert.equal(book.priceOf({ model: other }, nowMs)?.id, price.id, other)
  }
})

test('O10: a model without a price is refused, and a further version number is another model', () => {
  const book = bookWith()
  for (const model of [
    'gpt-6',
    'claude-opus-9',
    'claude-sonnet-5-7',
    'claude-sonnet-5.7',
    'claude-haiku-4-5\nclaude-opus-5-5',
    'claude-opus-5-5 ',
    'toString',
    '__proto__',
  ]) {
    assert.equal(book.priceOf({ model }, nowMs), undefined, model)
  }
})

test('O10: with the ceiling policy an unknown model costs at least as much as every known one', () => {
  const book = bookWith({ models: {} }, 'ceiling')
  const ceiling = book.priceOf({ model: 'gpt-6' }, nowMs)
  assert.ok(ceiling !== undefined)
  assert.match(ceiling.source, /ceiling/)

  const usage = fc.record({
    input: fc.nat(2_000_000),
    output: fc.nat(300_000),
    cache_read: fc.nat(2_000_000),
    cache_write_5m: fc.nat(500_000),
    cache_write_1h: fc.nat(500_000),
    web_search: fc.nat(10),
  })
  const names = book.modelNames(nowMs)
  assert.ok(names.length > 20)
  fc.assert(
    fc.property(usage, fc.constantFrom(...names), (used, name) => {
      const price = book.priceOf({ model: name }, nowMs)
      return price !== undefined && costOf(price, used) <= costOf(ceiling, used)
    }),
  )
})

test('no known model is free, and every price has every token rate', () => {
  const book = bookWith()
  for (const model of book.modelNames(nowMs)) {
    const price = book.priceOf({ model }, nowMs)
    // Retired names that another model's pattern shadows have no price; none may have half of one.
    if (price === undefined) continue
    for (const meter of [
      'input',
      'output',
      'cache_read',
      'cache_write_5m',
      'cache_write_1h',
    ] as const) {
      assert.ok((price.rates[meter]?.[0]?.nanosPerMillion ?? 0n) > 0n, `${model} ${meter}`)
    }
  }
})

test('one content has one price id, and another content another', () => {
  const first = bookWith().priceOf({ model: 'claude-opus-5-5' }, nowMs)
  const again = bookWith().priceOf({ model: 'claude-opus-5-5-20260901' }, nowMs)
  const dearer = bookWith({
    models: { 'claude-opus-5-5': { input: '4.000000001', output: '20' } },
  }).priceOf({ model: 'claude-opus-5-5' }, nowMs)

  assert.match(first?.id ?? '', /^price_[0-9a-f]{24}$/)
  assert.equal(again?.id, first?.id)
  assert.notEqual(dearer?.id, first?.id)
})

test("the operator's file wins, the longest fitting key first, and its gaps are the vendor's multiples", () => {
  const book = bookWith({
    models: {
      'claude-': { input: '1', output: '5' },
      'claude-opus': { input: '2', output: '10', cache_read: '0.5', web_search: '0' },
      free: { input: '0', output: '0' },
    },
  })
  const opus = book.priceOf({ model: 'claude-opus-5-5' }, nowMs)
  const haiku = book.priceOf({ model: 'claude-haiku-4-5' }, nowMs)
  const free = book.priceOf({ model: 'free-model' }, nowMs)
  assert.ok(opus !== undefined && haiku !== undefined && free !== undefined)

  assert.equal(costOf(opus, { input: 1_000_000 }), 2_000_000_000n)
  assert.equal(costOf(opus, { cache_read: 1_000_000 }), 500_000_000n)
  assert.equal(costOf(opus, { cache_write_5m: 1_000_000 }), 2_500_000_000n)
  assert.equal(costOf(opus, { cache_write_1h: 1_000_000 }), 4_000_000_000n)
  assert.equal(costOf(opus, { web_search: 7 }), 0n)
  assert.equal(costOf(haiku, { input: 1_000_000, web_search: 1 }), 1_010_000_000n)
  assert.equal(costOf(free, { input: 1_000_000, output: 9, web_search: 1 }), 0n)
})

test("the operator's file can have a size step", () => {
  const book = bookWith({
    models: {
      big: {
        input: '1',
        output: '2',
        above: { input_tokens: 1000, input: '3', output: '4' },
      },
    },
  })
  const price = book.priceOf({ model: 'big' }, nowMs)
  assert.ok(price !== undefined)

  assert.equal(costOf(price, { input: 1000, output: 1000 }), 3_000_000n)
  assert.equal(costOf(price, { input: 1001, output: 1000 }), 7_003_000n)
})

test('a price file that cannot be used says where', () => {
  const broken: readonly [unknown, RegExp][] = [
    [{ models: { a: { input: 4, output: '1' } } }, /models.*a.*input/],
    [{ models: { a: { input: '-4', output: '1' } } }, /"4" or "0.125"/],
    [{ models: { a: { input: '1e9', output: '1' } } }, /a.*input/],
    [{ models: { a: { input: '1' } } }, /output/],
    [{ models: { a: { input: '1', output: '1', outptu: '2' } } }, /outptu/],
    [{ model: {} }, /models/],
    ['text', /cannot be used/],
  ]
  for (const [value, message] of broken) {
    assert.throws(
      () => parsePriceOverrides(value),
      (error) => error instanceof PriceOverridesError && message.test(error.message),
    )
  }
})

test('a dearer way of serving that was asked for is in the rates, and counts once', () => {
  const book = bookWith()
  const standard = book.priceOf({ model: 'claude-opus-5-5' }, nowMs)
  const fast = book.priceOf({ model: 'claude-opus-5-5', marks: ['speed:fast'] }, nowMs)
  const us = book.priceOf({ model: 'claude-opus-5-5', marks: ['inference_geo:us'] }, nowMs)
  assert.ok(standard !== undefined && fast !== undefined && us !== undefined)
  const used = { input: 1000, output: 100 }

  assert.equal(costOf(standard, used), 6_000_000n)
  assert.equal(costOf(standard, used, ['speed:fast']), 12_000_000n)
  assert.equal(costOf(standard, used, ['service_tier:batch']), 3_000_000n)
  assert.equal(costOf(fast, used), 12_000_000n)
  assert.equal(costOf(fast, used, ['service_tier:standard', 'speed:fast']), 12_000_000n)
  assert.equal(costOf(fast, used, ['speed:standard']), 6_000_000n)
  assert.equal(costOf(us, used, ['inference_geo:us']), 6_600_000n)
  assert.equal(costOf(fast, { web_search: 1 }), costOf(standard, { web_search: 1 }))
})

test('O10: a request that may run on several models is priced as the dearest, never by the cheap one alone', () => {
  const book = bookWith()
  const both = book.priceOf({ model: 'claude-haiku-5-5', otherModels: ['claude-opus-5-5'] }, nowMs)
  const opus = book.priceOf({ model: 'claude-opus-5-5' }, nowMs)
  assert.ok(both !== undefined && opus !== undefined)

  assert.equal(
    costOf(both, { input: 1000, output: 100 }),
    costOf(opus, { input: 1000, output: 100 }),
  )
  assert.equal(
    book.priceOf({ model: 'claude-haiku-5-5', otherModels: ['gpt-6'] }, nowMs),
    undefined,
  )
})

test('names that callers make up do not fill the memory, nor change what others pay', () => {
  const book = bookWith()
  const before = book.priceOf({ model: 'claude-opus-5-5' }, nowMs)
  for (let i = 0; i < 5000; i += 1) book.priceOf({ model: `made-up-${i}` }, nowMs)

  assert.deepEqual(book.priceOf({ model: 'claude-opus-5-5' }, nowMs), before)
})

test('the snapshot is the version that the lock file pins', () => {
  const lock: { packages: Record<string, { version: string }> } = JSON.parse(
    readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
  )
  const pinned = lock.packages['node_modules/@pydantic/genai-prices']

  assert.equal(snapshotName, `@pydantic/genai-prices ${pinned?.version}`)
  assert.ok(snapshotModels().length >= 20)
})

test('the example file in the docs can be used, and says what the published price says', () => {
  const example: unknown = JSON.parse(
    readFileSync(new URL('../../docs/examples/prices.json', import.meta.url), 'utf8'),
  )
  const ours = bookWith(example).priceOf({ model: 'claude-haiku-5-5' }, nowMs)
  const published = bookWith().priceOf({ model: 'claude-haiku-5-5' }, nowMs)

  assert.ok(ours !== undefined)
  assert.deepEqual(ours.rates, published?.rates)
  assert.notEqual(bookWith(example).priceOf({ model: 'claude-opus-9' }, nowMs), undefined)
})
