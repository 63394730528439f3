import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LimitFigures } from '../core/decision.ts'
import { limitId } from '../core/ids.ts'
import { forecastLimit } from './forecast.ts'
import { cellMs, emptySum, type UsageCell } from './usage-cells.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** A Monday, at noon. */
const nowMs = Date.UTC(2026, 10, 23, 12)

const limitOf = (terms: Partial<LimitFigures> = {}): LimitFigures => ({
  limitId: limitId('session'),
  windowKind: 'session',
  unit: 'requests',
  used: 0n,
  held: 0n,
  amount: 100n,
  startMs: nowMs - 2 * hourMs,
  resetMs: nowMs + 3 * hourMs,
  models: null,
  exception: null,
  ...terms,
})

const cellOf = (startMs: number, terms: Partial<UsageCell> = {}): UsageCell => ({
  ...emptySum,
  startMs,
  model: 'opus-1',
  source: 'plan',
  ...terms,
})

/** So many requests in each quarter of an hour of `[fromMs, toMs)`. */
function steadily(fromMs: number, toMs: number, requests: number): UsageCell[] {
  const cells: UsageCell[] = []
  for (let atMs = fromMs; atMs < toMs; atMs += cellMs) cells.push(cellOf(atMs, { requests }))
  return cells
}

const forecast = (limit: LimitFigures, cells: readonly UsageCell[], wholeSinceMs = -Infinity) =>
  forecastLimit({ limit, nowMs, cells, wholeSinceMs })

describe('the forecast of a limit', () => {
  test('ten requests an hour use up the twenty that are left in two hours', () => {
    const cells = steadily(nowMs - 2 * hourMs, nowMs, 2.5)

    const told = forecast(limitOf({ used: 20n, amount: 40n }), cells)

    assert.equal(told.outcome, 'runs_out')
    assert.equal(told.runsOutAtMs, nowMs + 2 * hourMs)
    assert.equal(told.perHour, 10n)
    assert.deepEqual([told.earliestMs, told.latestMs], [told.runsOutAtMs, told.runsOutAtMs])
  })

  test('what running requests hold is no room', () => {
    const cells = steadily(nowMs - 2 * hourMs, nowMs, 2.5)

    const told = forecast(limitOf({ used: 20n, held: 10n, amount: 40n }), cells)

    assert.equal(told.runsOutAtMs, nowMs + hourMs)
  })

  test('a pace that lasts until the reset does not run out before it', () => {
    const cells = steadily(nowMs - 2 * hourMs, nowMs, 2.5)

    const told = forecast(limitOf({ used: 20n, amount: 60n }), cells)

    assert.equal(told.outcome, 'not_before_reset')
    assert.deepEqual([told.runsOutAtMs, told.earliestMs, told.latestMs], [null, null, null])
  })

  test('a burst of the last hour runs out early, and the average says how late it may be', () => {
    const cells = steadily(nowMs - hourMs, nowMs, 5)

    const told = forecast(limitOf({ used: 20n, amount: 40n }), cells)

    assert.equal(told.outcome, 'runs_out')
    assert.equal(told.runsOutAtMs, nowMs + hourMs)
    assert.equal(told.latestMs, nowMs + 2 * hourMs)
  })

  test('after an hour of rest only the average of the window runs out', () => {
    const cells = steadily(nowMs - 2 * hourMs, nowMs - hourMs, 5)

    const told = forecast(limitOf({ used: 20n, amount: 40n }), cells)

    assert.equal(told.outcome, 'may_run_out')
    assert.equal(told.runsOutAtMs, null)
    assert.equal(told.earliestMs, nowMs + 2 * hourMs)
  })

  const silences: readonly (readonly [string, Partial<LimitFigures>, string])[] = [
    ['no window is open', { startMs: null, resetMs: null }, 'no_window'],
    ['the member is exempt', { amount: null }, 'unlimited'],
    ['the limit is reached', { used: 90n, held: 10n }, 'reached'],
    ['two requests tell nothing', { used: 2n }, 'too_little_use'],
  ]
  for (const [name, terms, outcome] of silences) {
    test(`${name}: no moment is told`, () => {
      const cells = [cellOf(nowMs - cellMs, { requests: 2 })]

      const told = forecast(limitOf(terms), cells)

      assert.equal(told.outcome, outcome)
      assert.equal(told.runsOutAtMs, null)
    })
  }

  test('what extra usage paid, and other models, use nothing of a limit', () => {
    const own = steadily(nowMs - 2 * hourMs, nowMs, 2.5)
    const others = own.flatMap((cell) => [
      { ...cell, source: 'extra_usage' as const },
      { ...cell, model: 'haiku-1' },
    ])
    const limit = limitOf({ used: 20n, amount: 40n, models: ['opus'] })

    assert.deepEqual(forecast(limit, [...own, ...others]), forecast(limit, own))
  })

  test('an amount is counted in the unit of its limit', () => {
    const cells = steadily(nowMs - 2 * hourMs, nowMs, 1).map((cell) => ({
      ...cell,
      costNanos: 250n,
      usage: { input: 20, output: 5 },
    }))

    assert.equal(forecast(limitOf({ unit: 'money' }), cells).perHour, 1000n)
    assert.equal(forecast(limitOf({ unit: 'tokens' }), cells).perHour, 100n)
  })

  describe('with the pattern of the last weeks', () => {
    const week = limitOf({
      windowKind: 'week',
      startMs: nowMs - 12 * hourMs,
      resetMs: nowMs + 6 * dayMs + 12 * hourMs,
      used: 40n,
      amount: 80n,
    })
    /** Ten requests an hour from eight to twelve on each of the last days. */
    const mornings = (days: number): UsageCell[] =>
      Array.from({ length: days + 1 }, (_unused, ago) => {
        const noon = nowMs - ago * dayMs
        return steadily(noon - 4 * hourMs, noon, 2.5)
      }).flat()

    test('a week runs out in the hours in which its member works', () => {
      const told = forecast(week, mornings(28))

      assert.equal(told.basis, 'weekly_pattern')
      assert.equal(told.runsOutAtMs, nowMs + dayMs, 'forty more are used by noon of the next day')
    })

    test('a day of double use scales it up', () => {
      const doubled = mornings(28).map((cell) =>
        cell.startMs >= nowMs - dayMs ? { ...cell, requests: cell.requests * 2 } : cell,
      )

      const told = forecast(week, doubled)

      const { runsOutAtMs } = told
      assert.ok(runsOutAtMs !== null && runsOutAtMs < nowMs + 23 * hourMs)
      assert.ok(runsOutAtMs > nowMs + 20 * hourMs, 'nobody works in the night')
    })

    test('one week is too little for a pattern, and so are weeks that were not read', () => {
      assert.equal(forecast(week, mornings(7)).basis, 'recent_pace')
      assert.equal(forecast(week, mornings(28), nowMs - 10 * dayMs).basis, 'recent_pace')
    })
  })
})
