import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { runImages } from './image-run.ts'

const count = 180

test('L1: whatever a crash leaves of the files opens, whole, with everything that was promised', async (t) => {
  const seed = randomInt(1, 1_000_000)
  t.diagnostic(`seed ${seed}: npm run campaign -- images --count ${count} --seed ${seed}`)

  const { lost, deniedFalsely, broken, tried } = await runImages({
    count,
    seed,
    onProgress: () => undefined,
  })

  assert.deepEqual({ lost, deniedFalsely, broken }, { lost: [], deniedFalsely: [], broken: [] })
  assert.ok([...tried.values()].every((times) => times > 0))
})
