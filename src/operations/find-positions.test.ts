import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Entry } from '../core/entry.ts'
import type { EntryQuery, Storage } from '../storage/storage.ts'
import { positionsWithin } from './find-positions.ts'

type Moment = { readonly atMs: number; readonly isCorrection: boolean }

/** A journal of moments alone, as far as the search asks it. */
function journalOf(moments: readonly Moment[]): Storage {
  const all = moments.map(({ atMs, isCorrection }, index) => ({
    position: index + 1,
    atMs,
    body: { kind: isCorrection ? 'clock_corrected' : 'held' },
  }))
  const entries = async ({ kind, afterPosition = 0, rowsMax = 1000 }: EntryQuery) =>
    all
      .filter((entry) => entry.position > afterPosition)
      .filter((entry) => kind === undefined || entry.body.kind === kind)
      .slice(0, rowsMax) as unknown as readonly Entry[]
  return { durablePosition: all.length, entries } as unknown as Storage
}

/** Time that goes on by these steps, and goes back where a step is negative: by a correction. */
const momentsOf = (steps: readonly number[]): readonly Moment[] => {
  let atMs = 1000
  return steps.map((step) => {
    atMs = Math.max(0, atMs + step)
    return { atMs, isCorrection: step < 0 }
  })
}

const step = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 30 }) },
  { weight: 1, arbitrary: fc.integer({ min: -300, max: -1 }) },
)

test('no entry of the span stands outside the range, also where the clock was put back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 700, max: 2000 }),
      fc.integer({ min: 0, max: 400 }),
      async (steps, fromMs, length) => {
        const moments = momentsOf(steps)
        const span = { fromMs, toMs: fromMs + length }

        const range = await positionsWithin(journalOf(moments), span)

        const inside = moments.flatMap(({ atMs }, index) =>
          atMs >= span.fromMs && atMs < span.toMs ? [index + 1] : [],
        )
        const [first = range.afterPosition + 1] = inside
        assert.equal(range.afterPosition, first - 1)
        assert.equal(range.beforePosition, (inside.at(-1) ?? range.afterPosition) + 1)
      },
    ),
  )
})

test('without bounds the range is the whole journal', async () => {
  const moments = momentsOf([5, 5, -100, 5])

  const range = await positionsWithin(journalOf(moments), { fromMs: -Infinity, toMs: Infinity })

  assert.deepEqual(range, { afterPosition: 0, beforePosition: 5 })
})
