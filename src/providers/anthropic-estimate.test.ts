import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { customerId } from '../core/ids.ts'
import {
  createRateLearner,
  estimateOutput,
  estimateUsage,
  ratesDefault,
} from './anthropic-estimate.ts'
import { createStreamMeter, meterJson, type MeterReading } from './anthropic-usage.ts'

const nothing = {
  textBytes: 0,
  thinkingBytes: 0,
  toolBytes: 0,
  toolResultBytes: 0,
  toolUses: {},
  thinkingMs: 0,
  thinkingTokensHint: 0,
}
const empty = createStreamMeter().reading()
const of = (model: string, customer = 'ada') => ({ customerId: customerId(customer), model })
const rates = { tokensPerMillionBytes: 300_000, tokensPerSecondThinking: 40 }

function replied(outputTokens: number, text: string): MeterReading {
  const usage = { input_tokens: 1, output_tokens: outputTokens }
  const content = [{ type: 'text', text }]
  return meterJson(Buffer.from(JSON.stringify({ type: 'message', content, usage })))
}

test('output is the largest of what was reported, what was delivered and what was thought', () => {
  const delivered = { ...nothing, textBytes: 600, toolBytes: 400, thinkingMs: 5000 }

  assert.equal(estimateOutput({ reportedTokens: 10, delivered, rates }), 300)
  assert.equal(estimateOutput({ reportedTokens: 900, delivered, rates }), 900)
  assert.equal(
    estimateOutput({ reportedTokens: 10, delivered: { ...delivered, thinkingMs: 10_000 }, rates }),
    400,
  )
})

test("the upstream's own count of hidden thinking goes before the clock", () => {
  const delivered = { ...nothing, thinkingMs: 100_000, thinkingTokensHint: 250 }

  assert.equal(estimateOutput({ reportedTokens: 0, delivered, rates }), 250)
})

test('L2: an estimate keeps what was reported and adds what was delivered, within max_tokens', () => {
  const reading = {
    ...empty,
    usage: { input: 120, cache_read: 5000, output: 1 },
    delivered: { ...nothing, textBytes: 10_000 },
  }
  const facts = { reading, rates, inputTokensExpected: 700 }

  assert.deepEqual(estimateUsage({ ...facts, maxTokens: 100_000 }), {
    input: 120,
    cache_read: 5000,
    output: 3000,
  })
  assert.equal(estimateUsage({ ...facts, maxTokens: 50 }).output, 50)
})

test('O8: where no input was believable, the input is what the request was expected to be', () => {
  const facts = { rates, inputTokensExpected: 700, maxTokens: 1000 }

  assert.deepEqual(estimateUsage({ ...facts, reading: empty }), { input: 700, output: 0 })
  const cached = { ...empty, usage: { cache_read: 600 } }
  assert.deepEqual(estimateUsage({ ...facts, reading: cached }), {
    cache_read: 600,
    input: 100,
    output: 0,
  })
})

test('a final report is never replaced by an estimate', () => {
  const reading = replied(3, 'a text that is far longer than three tokens')

  assert.equal(
    estimateUsage({ reading, rates, inputTokensExpected: 0, maxTokens: 1 }),
    reading.finalUsage,
  )
})

test('rates are learned per model from whole replies, and from nothing else', () => {
  const learner = createRateLearner()
  assert.equal(learner.ratesOf(of('a')), ratesDefault)

  learner.learn(of('a'), replied(50, 'x'.repeat(200)))
  learner.learn(of('a'), replied(25, 'x'.repeat(100)))
  learner.learn(of('b'), { ...replied(1, 'x'), finalUsage: undefined })

  assert.equal(learner.ratesOf(of('a')).tokensPerMillionBytes, 250_000)
  assert.equal(learner.ratesOf(of('b')), ratesDefault)
})

test('hidden thinking is learned by time, and does not make bytes look dear', () => {
  const learner = createRateLearner()
  const reading = {
    ...replied(1000, 'x'.repeat(400)),
    thinkingTokens: 900,
    delivered: { ...nothing, textBytes: 400, thinkingMs: 15_000 },
  }
  learner.learn(of('a'), reading)
  assert.deepEqual(learner.ratesOf(of('a')), {
    tokensPerMillionBytes: 250_000,
    tokensPerSecondThinking: 60,
  })

  // Hidden, and not told how much: which part of the output the bytes are cannot be known.
  learner.learn(of('b'), { ...reading, thinkingTokens: null })
  assert.equal(learner.ratesOf(of('b')), ratesDefault)
})

test('only the newest replies count, and no reply teaches an absurd rate', () => {
  const learner = createRateLearner()
  for (let i = 0; i < 10; i += 1) learner.learn(of('a'), replied(1_000_000, 'x'))
  assert.equal(learner.ratesOf(of('a')).tokensPerMillionBytes, 1_000_000)

  for (let i = 0; i < 32; i += 1) learner.learn(of('a'), replied(40, 'x'.repeat(100)))
  assert.equal(learner.ratesOf(of('a')).tokensPerMillionBytes, 400_000)
})

test('names that callers make up push out the oldest, so that memory stays bounded', () => {
  const learner = createRateLearner()
  learner.learn(of('first'), replied(50, 'x'.repeat(200)))
  for (let i = 0; i < 16; i += 1) learner.learn(of(`m${i}`), replied(10, 'x'.repeat(100)))

  assert.equal(learner.ratesOf(of('first')), ratesDefault)
  assert.equal(learner.ratesOf(of('m15')).tokensPerMillionBytes, 100_000)
})

test("a customer's answers teach nothing about another one, and the one silent longest is forgotten", () => {
  const learner = createRateLearner()
  learner.learn(of('a', 'first'), replied(50, 'x'.repeat(200)))
  learner.learn(of('a', 'second'), replied(20, 'x'.repeat(200)))
  assert.equal(learner.ratesOf(of('a', 'first')).tokensPerMillionBytes, 250_000)
  assert.equal(learner.ratesOf(of('a', 'second')).tokensPerMillionBytes, 100_000)
  assert.equal(learner.ratesOf(of('a', 'third')), ratesDefault)

  learner.learn(of('a', 'first'), replied(50, 'x'.repeat(200)))
  for (let i = 0; i < 4999; i += 1) learner.learn(of('a', `c${i}`), replied(1, 'x'))

  assert.equal(learner.ratesOf(of('a', 'first')).tokensPerMillionBytes, 250_000)
  assert.equal(learner.ratesOf(of('a', 'second')), ratesDefault)
})

test('an estimate is whole, not below any report, and not above max_tokens unless reported so', () => {
  const count = fc.nat(1_000_000)
  const delivered = fc.record({
    textBytes: count,
    thinkingBytes: count,
    toolBytes: count,
    thinkingMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    thinkingTokensHint: count,
  })
  fc.assert(
    fc.property(
      count,
      delivered,
      fc.integer({ min: 1, max: 200_000 }),
      (output, seen, maxTokens) => {
        const reading = { ...empty, usage: { output }, delivered: { ...nothing, ...seen } }
        const usage = estimateUsage({ reading, rates, inputTokensExpected: 5, maxTokens })
        assert.ok(Number.isInteger(usage.output))
        assert.ok(
          (usage.output ?? 0) >= output && (usage.output ?? 0) <= Math.max(output, maxTokens),
        )
      },
    ),
  )
})
