import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { runServerKills } from './server-kill-run.ts'

const count = 3

test('L1, D6: a server that is killed while clients stream starts with every reply in its books, once', async (t) => {
  const seed = randomInt(1, 1_000_000)
  t.diagnostic(`seed ${seed}: npm run campaign -- server-kills --count ${count} --seed ${seed}`)

  const { lost, deniedFalsely, broken, kills, replies } = await runServerKills({
    count,
    seed,
    onProgress: () => undefined,
  })

  assert.deepEqual({ lost, deniedFalsely, broken }, { lost: [], deniedFalsely: [], broken: [] })
  assert.equal(kills, count)
  assert.ok(replies > 0)
})
