import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restingFor } from './resting.ts'

test('after each piece of work it rests, so that work has no more than its share of the time', async () => {
  let nowMs = 0
  const clock = {
    wallMs: () => nowMs,
    elapsedMs: () => nowMs,
    after: (delayMs: number, callback: () => void) => {
      nowMs += delayMs
      callback()
      return () => undefined
    },
  }
  const rest = restingFor(clock, 0.2)
  let workedMs = 0

  for (const pieceMs of [2, 0, 5, 1]) {
    nowMs += pieceMs
    workedMs += pieceMs
    await rest()
    assert.ok(workedMs <= nowMs * 0.2, `${workedMs} of ${nowMs}`)
  }
})
