import assert from 'node:assert/strict'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startApp } from '../../../src/app.ts'
import { loadSettings } from '../../../src/config/load-settings.ts'
import { parsePlans } from '../../../src/config/plans-file.ts'
import { listPlans } from '../../../src/operations/list-published.ts'
import { publishPlans } from '../../../src/operations/publish-plans.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { systemRandom } from '../../../src/system/random.ts'
import { NodesBed } from '../../contract/nodes-bed.ts'
import { memoryFolder } from '../../faults/memory-folder.ts'
import { plansText } from '../plans.ts'

const noLog = (): void => undefined

/** A server over this storage, on no network. */
async function startOver(storage: Storage, bed: NodesBed, root: string) {
  const folder = join(root, 'data')
  mkdirSync(folder, { recursive: true })
  return startApp(
    loadSettings({ flags: [`--data-folder=${folder}`], environment: {}, folder: root }),
    { clock: bed.clock, random: systemRandom, logger: { info: noLog, warn: noLog, error: noLog } },
    {
      version: 'test',
      upstream: {
        url: 'http://upstream.invalid',
        keys: [''],
        authStyle: 'x-api-key',
        name: 'none',
      },
      mounts: [],
      defaultPlans: plansText(1),
      machine: {
        network: {
          listen: async (_server, { port }) => ({ address: '127.0.0.1', family: 'IPv4', port }),
          connectUpstream: () => assert.fail('nobody asks the upstream'),
        },
        storage: { openStorage: () => Promise.resolve(storage) },
        watchProcess: () => ({ look: () => assert.fail('nobody looks'), close: noLog }),
      },
    },
  )
}

test('plans that an operator publishes at another node while a node starts stay as they are', async () => {
  const bed = new NodesBed()
  const root = memoryFolder('first-plans')
  try {
    const first = await bed.open()
    const own = { storage: first, clock: bed.clock, random: systemRandom }
    const publishTens = () => publishPlans(own, parsePlans(plansText(10)))
    const second = await bed.openNode('node-2')
    let changes = 0
    const update = second.updateSystem.bind(second)
    second.updateSystem = async (change, once) => {
      if ((changes += 1) === 2) await publishTens()
      return update(change, once)
    }

    const app = await startOver(second, bed, root)
    if (changes < 2) await publishTens()

    const plans = await listPlans(own)
    assert.deepEqual(
      plans.map(({ id, limits }) => [id, limits[0]?.amount]),
      parsePlans(plansText(10)).map(({ id, limits }) => [id, limits[0]?.amount]),
    )
    await app.stop(0)
  } finally {
    await bed.end()
    rmSync(root, { recursive: true, force: true })
  }
})
