import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { runKills } from './kill-run.ts'

const count = 20

test('L1, D6: kill -9 under load, at each statement, loses nothing promised and leaks no hold', async (t) => {
  const seed = randomInt(1, 1_000_000)
  t.diagnostic(`seed ${seed}: npm run campaign -- kills --count ${count} --seed ${seed}`)

  const { lost, deniedFalsely, broken, kills, promises } = await runKills({
    count,
    seed,
    onProgress: () => undefined,
  })

  assert.deepEqual({ lost, deniedFalsely, broken }, { lost: [], deniedFalsely: [], broken: [] })
  assert.equal([...kills.values()].reduce((sum, times) => sum + times, 0) >= count, true)
  assert.ok(promises > 0)
})
