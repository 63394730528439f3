import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../test/contract/manual-clock.ts'
import { Readiness } from './readiness.ts'

test('a flood of probes asks a disk that hangs once, and finds it again when it answers', async () => {
  const clock = new ManualClock()
  let asked = 0
  const disk = Promise.withResolvers<void>()
  const storage = {
    async updateSystem() {
      asked += 1
      await disk.promise
      return true
    },
  }
  const readiness = new Readiness({ clock, storage: storage as never })

  const flood = Array.from({ length: 1000 }, () => readiness.look())
  clock.pass(1000)
  const answers = new Set((await Promise.all(flood)).map(({ status }) => status))
  assert.deepEqual([...answers], ['not_ready'])
  assert.equal(asked, 1)

  disk.resolve()
  assert.deepEqual(await readiness.look(), { status: 'ready' })
  assert.equal(asked, 2)
})
