import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { runFounding } from './founding-run.ts'

test('D1: with every stored derivation corrupted, each in some way, every customer is told the truth, and all of it is found and healed', async (t) => {
  const customers = 200
  const seed = randomInt(1, 1_000_000)
  t.diagnostic(`seed ${seed}: npm run founding -- --customers ${customers} --seed ${seed}`)

  const outcome = await runFounding({ customers, seed, onProgress: () => undefined })

  const { falseDenials, falseAllows, falseFigures, falseAlarms, missed, unhealed } = outcome
  assert.deepEqual(
    { falseDenials, falseAllows, falseFigures, falseAlarms, missed, unhealed },
    {
      falseDenials: [],
      falseAllows: [],
      falseFigures: [],
      falseAlarms: [],
      missed: [],
      unhealed: [],
    },
  )
  assert.ok(outcome.derivations > customers)
  assert.ok(outcome.requests >= 2 * customers)
  for (const { what, corrupted } of outcome.kinds) assert.ok(corrupted > 0, what)
  assert.ok(outcome.seals.changed > 0)
  assert.equal(outcome.seals.named, outcome.seals.changed)
})
