import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { admitBurst, type BurstRule } from './burst.ts'

function admittedOf(rule: BurstRule, arrivalsMs: readonly number[]): number {
  let wholeAgainMs: number | undefined
  let admitted = 0
  for (const nowMs of arrivalsMs) {
    const answer = admitBurst(rule, wholeAgainMs, nowMs)
    if (!answer.isAdmitted) continue
    admitted++
    wholeAgainMs = answer.wholeAgainMs
  }
  return admitted
}

test('a burst of exactly the size is admitted, and the next request is not', () => {
  assert.equal(admittedOf({ perMinute: 60, size: 5 }, Array(9).fill(1000)), 5)
  assert.equal(admittedOf({ perMinute: 7, size: 40 }, Array(99).fill(1000)), 40)
})

test('a refusal names the moment at which the same request passes', () => {
  const rule = { perMinute: 60, size: 1 }
  const first = admitBurst(rule, undefined, 0)
  assert.ok(first.isAdmitted)

  const second = admitBurst(rule, first.wholeAgainMs, 250)

  assert.deepEqual(second, { isAdmitted: false, retryAfterMs: 750 })
  assert.ok(admitBurst(rule, first.wholeAgainMs, 1000).isAdmitted)
})

test('a request is early only by more than what sums of a fraction may err by', () => {
  const rule = { perMinute: 60, size: 1 }
  assert.ok(admitBurst(rule, 1e-6, 0).isAdmitted)
  assert.deepEqual(admitBurst(rule, 2e-6, 0), { isAdmitted: false, retryAfterMs: 1 })
})

test('a rate of zero admits everything', () => {
  assert.equal(admittedOf({ perMinute: 0, size: 1 }, Array(50).fill(0)), 50)
  // It keeps no debt, so a rate that is set later begins with a whole allowance.
  const answer = admitBurst({ perMinute: 0, size: 1 }, 9000, 500)
  assert.deepEqual(answer, { isAdmitted: true, wholeAgainMs: 500 })
})

test('whatever the arrivals, never more than the size and the rate allow in a span', () => {
  const arrivals = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 80 })
  fc.assert(
    fc.property(
      arrivals,
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 20 }),
      (gaps, perMinute, size) => {
        let nowMs = 0
        const times = gaps.map((gap) => (nowMs += gap))

        const admitted = admittedOf({ perMinute, size }, times)

        const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0)
        assert.ok(admitted <= size + (spanMs * perMinute) / 60_000 + 1e-6)
      },
    ),
  )
})

test('a refused request changes nothing: retrying early never postpones the admission', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 20 }),
      (perMinute, size, retries) => {
        const rule = { perMinute, size }
        let wholeAgainMs: number | undefined
        for (let i = 0; i < size; i++) {
          const answer = admitBurst(rule, wholeAgainMs, 0)
          assert.ok(answer.isAdmitted)
          wholeAgainMs = answer.wholeAgainMs
        }
        const refused = admitBurst(rule, wholeAgainMs, 0)
        assert.ok(!refused.isAdmitted)
        for (let i = 0; i < retries; i++) assert.ok(!admitBurst(rule, wholeAgainMs, 0).isAdmitted)

        assert.ok(admitBurst(rule, wholeAgainMs, refused.retryAfterMs).isAdmitted)
      },
    ),
  )
})
