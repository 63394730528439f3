import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { runHistory } from './history-run.ts'

test('L1, D5: what clients and administrators of a customer are told at once has one order that explains it, through deaths of the server', async (t) => {
  const seed = randomInt(1, 1_000_000)
  t.diagnostic(`seed ${seed}: npm run campaign -- histories --count 1 --seed ${seed}`)

  const { bad, undecided, operations, kills } = await runHistory({
    customers: 2,
    kills: 1,
    answersPerLife: 40,
    seed,
  })

  assert.deepEqual({ bad, undecided }, { bad: [], undecided: [] }, bad.join('\n'))
  assert.equal(kills, 1)
  assert.ok(operations > 20, `${operations} operations`)
})
