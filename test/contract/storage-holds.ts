import assert from 'node:assert/strict'
import { holdId, memberId } from '../../src/core/ids.ts'
import {
  acme,
  ann,
  authorize,
  balance,
  bob,
  furnish,
  look,
  openHoldIds,
  settle,
  voidHold,
} from './accounts.ts'
import type { MakeBed, StorageBed } from './storage.ts'
import { onBed, turns } from './with-bed.ts'

/** Holds end exactly once: by their caller, by the sweep, or by the next boot. */
export function testHolds(makeBed: MakeBed): void {
  onBed(
    makeBed,
    'D6: a crash between authorize and settle leaks no hold: the next boot ends it before it serves',
    async (bed, storage) => {
      await furnish(storage)
      await authorize(storage, bob, 'h1')
      await authorize(storage, ann, 'h2')
      await authorize(storage, ann, 'h3')
      await settle(storage, ann, 'h3')
      await bed.crash()

      const reopened = await bed.open()

      assert.deepEqual(await look(reopened, bob, openHoldIds), [])
      assert.deepEqual(await look(reopened, ann, openHoldIds), [])
      assert.equal(await look(reopened, bob, balance), 1_000_000n)
      assert.equal(reopened.openHoldCount(acme), 0)
      assert.equal((await reopened.findHoldEnd(bob.memberId, holdId('h1')))?.body.kind, 'expired')
      assert.equal((await reopened.findHoldEnd(ann.memberId, holdId('h3')))?.body.kind, 'settled')
    },
  )

  onBed(
    makeBed,
    'a boot ends the holds of every boot before it, also of one that died while it began',
    async (bed, storage) => {
      await furnish(storage)
      await authorize(storage, bob, 'h1')
      await bed.crash()
      bed.failNextCommit('before')
      await assert.rejects(bed.open())
      await bed.crash()

      const reopened = await bed.open()

      assert.deepEqual(await look(reopened, bob, openHoldIds), [])
      const entries = await reopened.holdEntries(holdId('h1'))
      assert.deepEqual(
        entries.map(({ body }) => body.kind),
        ['held', 'expired'],
      )
    },
  )

  onBed(makeBed, 'a hold past its time is expired while the server runs', async (bed, storage) => {
    await furnish(storage)
    await authorize(storage, bob, 'h1')
    const isOver = committed(storage, 1)

    bed.clock.pass(59_000)
    await turns(5)
    assert.equal(storage.openHoldCount(acme), 1)
    bed.clock.pass(2_000)
    await isOver

    assert.deepEqual(await look(storage, bob, openHoldIds), [])
    assert.equal((await storage.findHoldEnd(bob.memberId, holdId('h1')))?.body.kind, 'expired')
  })

  onBed(makeBed, 'a commit that failed gives no hold more time', async (bed, storage) => {
    await furnish(storage)
    await authorize(storage, bob, 'h1')
    bed.clock.pass(30_000)
    bed.failNextCommit('before')
    await assert.rejects(authorize(storage, ann, 'lost'))
    await look(storage, bob, openHoldIds)
    const { firstEndMs } = storage.openHolds()

    assert.equal((firstEndMs ?? 0) - storage.recordNowMs(), 30_000)
  })

  onBed(
    makeBed,
    'L5: a settle after the hold expired is one correction, and the last end of its hold',
    async (bed, storage) => {
      await furnish(storage)
      await authorize(storage, bob, 'h1')
      await bed.crash()
      const reopened = await bed.open()

      const first = await settle(reopened, bob, 'h1')
      const second = await settle(reopened, bob, 'h1')

      assert.equal(first.kind, 'settled')
      assert.equal(second.kind, 'already_ended')
      const end = await reopened.findHoldEnd(bob.memberId, holdId('h1'))
      assert.equal(end?.body.kind === 'settled' && end.body.isLate, true)
      await assertClean(bed, reopened)
    },
  )

  onBed(makeBed, 'open holds of a customer are counted over its members', async (_, storage) => {
    await furnish(storage)
    await Promise.all([
      authorize(storage, ann, 'h1'),
      authorize(storage, bob, 'h2'),
      authorize(storage, ann, 'h3'),
    ])
    assert.equal(storage.openHoldCount(acme), 3)

    await settle(storage, ann, 'h1')
    await voidHold(storage, bob, 'h2')

    assert.equal(storage.openHoldCount(acme), 1)
  })

  onBed(makeBed, 'a hold is found with all its entries, and with its end', async (_, storage) => {
    await furnish(storage)
    await authorize(storage, ann, 'h1')
    assert.equal(await storage.findHoldEnd(ann.memberId, holdId('h1')), undefined)

    await settle(storage, ann, 'h1')

    const entries = await storage.holdEntries(holdId('h1'))
    assert.deepEqual(
      entries.map(({ body }) => body.kind),
      ['held', 'settled'],
    )
    assert.equal((await storage.findHoldEnd(ann.memberId, holdId('h1')))?.body.kind, 'settled')
    assert.equal(await storage.findHoldEnd(memberId('bob'), holdId('h1')), undefined)
    assert.deepEqual(await storage.holdEntries(holdId('never')), [])
  })
}

type Opened = Awaited<ReturnType<StorageBed['open']>>

/** Resolves after so many commits. */
function committed(storage: Opened, times: number): Promise<void> {
  return new Promise((resolve) => {
    let left = times
    const stop = storage.onCommit(() => {
      left -= 1
      if (left > 0) return
      stop()
      resolve()
    })
  })
}

async function assertClean(_bed: StorageBed, storage: Opened): Promise<void> {
  const { faults, drifts } = await storage.verify({ isHealing: false, actor: 'test' })
  assert.deepEqual({ faults, drifts }, { faults: [], drifts: [] })
}
