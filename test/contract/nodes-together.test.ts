import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdId } from '../../src/core/ids.ts'
import { StorageUnavailableError, type Storage } from '../../src/storage/storage.ts'
import { leaseMs } from '../simulation/nodes/shared-database.ts'
import {
  ann,
  authorize,
  balance,
  bob,
  furnish,
  look,
  openHoldIds,
  settle,
  topUp,
} from './accounts.ts'
import { NodesBed } from './nodes-bed.ts'
import { turns } from './with-bed.ts'

/** Two nodes with one database, as a test looks at them from outside. */
function together(
  name: string,
  check: (bed: NodesBed, nodes: readonly [Storage, Storage]) => Promise<void>,
): void {
  test(name, async () => {
    const bed = new NodesBed()
    try {
      const first = await bed.open()
      await furnish(first)
      await check(bed, [first, await bed.openNode('node-2')])
    } finally {
      await bed.end()
    }
  })
}

const hasSoundJournal = async (storage: Storage): Promise<void> => {
  const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
  assert.deepEqual({ faults, drifts }, { faults: [], drifts: [] })
}

together('a node answers from what another has written a moment ago', async (_bed, [one, two]) => {
  assert.equal(await look(two, bob, balance), 1_000_000n)
  await topUp(one, { id: 'elsewhere', amountNanos: 5n })

  assert.equal(await look(two, bob, balance), 1_000_005n)
  await authorize(one, bob, 'h1')
  assert.deepEqual(await look(two, bob, openHoldIds), ['h1'])
  assert.equal((await settle(two, bob, 'h1')).kind, 'settled')
  assert.equal((await settle(one, bob, 'h1')).kind, 'already_ended')
})

together('changes of one customer at two nodes each count once', async (_bed, [one, two]) => {
  const both = [one, two]
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      topUp(both[index % 2] ?? one, { id: `t${index}`, amountNanos: 1n }),
    ),
  )

  assert.equal(await look(one, ann, balance), 1_000_020n)
  assert.equal(await look(two, ann, balance), 1_000_020n)
  await hasSoundJournal(two)
})

together(
  'D6: a node that stands still loses its holds, and its settle corrects that',
  async (bed, nodes) => {
    const [one, two] = nodes
    await authorize(one, bob, 'h1')
    bed.standStill('node-1')
    bed.clock.pass(leaseMs - 1000)
    await turns(20)
    assert.deepEqual(await look(two, bob, openHoldIds), ['h1'])

    bed.clock.pass(3000)
    await turns(20)

    assert.deepEqual(await look(two, bob, openHoldIds), [])
    assert.equal(await look(two, bob, balance), 1_000_000n)
    bed.wake('node-1')
    assert.equal((await settle(one, bob, 'h1')).kind, 'settled')
    const end = await two.findHoldEnd(bob.memberId, holdId('h1'))
    assert.equal(end?.body.kind === 'settled' && end.body.isLate, true)
    await hasSoundJournal(two)
  },
)

together('a hold of a node that lives is nobody else’s to expire', async (bed, [one, two]) => {
  await authorize(one, bob, 'h1')

  for (let second = 0; second < 40; second += 1) {
    bed.clock.pass(1000)
    await turns(6)
  }

  assert.deepEqual(await look(two, bob, openHoldIds), ['h1'])
})

together(
  'a process whose name another one took writes nothing any more',
  async (bed, [one, two]) => {
    const again = await bed.openNode('node-1')
    const position = two.durablePosition

    await assert.rejects(topUp(one, { id: 'ghost', amountNanos: 9n }), StorageUnavailableError)

    assert.equal(two.durablePosition, position)
    assert.deepEqual(bed.logged, ['node-1 lost its name'])
    assert.equal(await look(again, ann, balance), 1_000_000n)
  },
)

together(
  'R3: an attempt that was asked about before it arrived never happens',
  async (bed, nodes) => {
    const [one, two] = nodes
    const arrive = bed.delayNextCommit()
    await assert.rejects(authorize(one, bob, 'late'), StorageUnavailableError)
    assert.deepEqual(await look(one, bob, openHoldIds), [])

    assert.deepEqual(await arrive(), { kind: 'fenced' })

    assert.deepEqual(await look(two, bob, openHoldIds), [])
    assert.deepEqual(await two.holdEntries(holdId('late')), [])
  },
)
