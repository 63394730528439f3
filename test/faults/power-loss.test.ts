import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { runPowerLosses } from './power-run.ts'
import { straceLeftOut } from './strace.ts'

const count = 120

test(
  'L1: power that fails between two syncs loses nothing promised, whatever the disk had not kept yet',
  { skip: straceLeftOut() },
  async (t) => {
    const seed = randomInt(1, 1_000_000)
    t.diagnostic(`seed ${seed}: npm run campaign -- power-loss --count ${count} --seed ${seed}`)

    const { lost, deniedFalsely, broken, tried, events } = await runPowerLosses({
      count,
      seed,
      onProgress: () => undefined,
    })

    assert.deepEqual({ lost, deniedFalsely, broken }, { lost: [], deniedFalsely: [], broken: [] })
    assert.ok([...tried.values()].every((times) => times > 0))
    assert.ok(events > 500, `only ${events} events were recorded`)
  },
)
