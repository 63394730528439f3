import assert from 'node:assert/strict'
import { setExtraUsage } from '../../src/core/commands.ts'
import type { Leg } from '../../src/core/entry.ts'
import { holdId } from '../../src/core/ids.ts'
import { settleHold } from '../../src/core/settle.ts'
import {
  StorageUnavailableError,
  type MemberScope,
  type Storage,
} from '../../src/storage/storage.ts'
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
  zoe,
} from './accounts.ts'
import type { MakeBed } from './storage.ts'
import { onBed, turns } from './with-bed.ts'

/** A settle as a faulty rule could draft it: it gives back a nano less than its hold keeps. */
export function settleWrongly(
  storage: Storage,
  scope: MemberScope,
  hold: string,
): Promise<unknown> {
  return storage.update(scope, (account, context) => {
    const facts = { marks: [], isEstimate: false, upstreamRequestId: null }
    const settlement = { holdId: holdId(hold), usage: { output: 40 }, ...facts }
    const { answer, draft } = settleHold(account, settlement, context)
    assert.ok(draft)
    const legs = draft.legs.map((leg): Leg => ({ ...leg, amount: leg.amount - 1n }))
    const { memberId } = scope
    return { answer, entries: [{ ...draft, legs, memberId }] }
  })
}

const quarantined = async (storage: Storage): Promise<readonly string[]> => {
  const { problems } = await storage.health()
  return problems.filter(({ name }) => name === 'customer-quarantined').map((one) => one.message)
}

/** What would break the books is not written, and costs its own customer an answer and nobody else. */
export function testQuarantine(makeBed: MakeBed): void {
  onBed(
    makeBed,
    'an impossible change writes nothing, keeps its customer from changes, and others are served',
    async (bed, storage) => {
      await furnish(storage)
      await authorize(storage, bob, 'bobs')
      await authorize(storage, ann, 'anns')
      const before = storage.durablePosition
      const balanceBefore = await look(storage, ann, balance)

      await assert.rejects(settleWrongly(storage, bob, 'bobs'), StorageUnavailableError)

      assert.equal(storage.durablePosition, before)
      // Also a member whose own sums are right: what is wrong may be the customer's.
      for (const { customerId, ...scope } of [bob, ann]) {
        assert.throws(() => storage.quarantine.assertServed(customerId), StorageUnavailableError)
        const asking = authorize(storage, { customerId, ...scope }, 'later')
        await assert.rejects(asking, StorageUnavailableError)
      }
      assert.doesNotThrow(() => storage.quarantine.assertServed(zoe.customerId))
      assert.equal(await look(storage, ann, balance), balanceBefore)
      await assert.rejects(topUp(storage, { id: 'x', amountNanos: 1n }), StorageUnavailableError)
      assert.equal(storage.durablePosition, before)
      assert.equal((await authorize(storage, zoe, 'zoes')).kind, 'allow')
      const said = /^Customer acme is in quarantine: entry \d+ \("settled" of member bob\) .*I\d/
      assert.match((await quarantined(storage)).join('\n'), said)
      assert.equal(bed.logged.filter((line) => line.includes('is in quarantine')).length, 1)
    },
  )

  onBed(makeBed, 'a change whose second entry is impossible writes none', async (_, storage) => {
    await furnish(storage)
    const before = storage.durablePosition

    const failing = storage.update(ann, (_account, { nowMs }) => ({
      answer: undefined,
      entries: [
        setExtraUsage({ scope: 'customer', isOn: false }, { nowMs, position: 0 }),
        {
          atMs: nowMs,
          legs: [{ from: 'grant:nobody:available', to: 'grant:nobody:held', amount: 1n }],
          body: { kind: 'swept', bootId: storage.bootId, bootPosition: 1 },
        },
      ],
    }))
    await assert.rejects(failing, StorageUnavailableError)

    assert.equal(storage.durablePosition, before)
    await storage.verify({ isHealing: false, actor: 'test' })
    assert.equal(await look(storage, ann, ({ customer }) => customer.extraUsage.isOn), true)
  })

  onBed(
    makeBed,
    'what is on its way to the disk when a change turns out impossible is in the sums after it',
    async (bed, storage) => {
      await furnish(storage)
      await authorize(storage, bob, 'bobs')
      const before = await look(storage, ann, balance)

      const release = bed.holdCommits()
      const pending = topUp(storage, { id: 'pending', amountNanos: 7n })
      const failing = assert.rejects(settleWrongly(storage, bob, 'bobs'), StorageUnavailableError)
      await turns(5)
      const asking = look(storage, ann, balance)
      await turns(5)
      release()

      await Promise.all([pending, failing])
      assert.equal(await asking, before + 7n)
      assert.equal(await look(storage, ann, balance), before + 7n)
    },
  )

  onBed(
    makeBed,
    'holds of a customer in quarantine stay, and expire when their time is up',
    async (bed, storage) => {
      await furnish(storage)
      await authorize(storage, bob, 'bobs')
      await authorize(storage, ann, 'anns')
      await authorize(storage, zoe, 'zoes')
      await assert.rejects(settleWrongly(storage, bob, 'bobs'), StorageUnavailableError)
      await assert.rejects(settle(storage, ann, 'anns'), StorageUnavailableError)
      assert.equal(storage.openHoldCount(ann.customerId), 2)

      for (let second = 0; second < 62; second += 1) {
        bed.clock.pass(1000)
        await look(storage, zoe, openHoldIds)
        await turns(5)
      }

      assert.deepEqual(await look(storage, bob, openHoldIds), [])
      assert.deepEqual(await look(storage, ann, openHoldIds), [])
      assert.equal(storage.openHoldCount(ann.customerId), 0)
      const ends = await storage.entries({ customerId: ann.customerId, kinds: ['expired'] })
      assert.deepEqual(new Set(ends.map(({ memberId }) => memberId)), new Set(['ann', 'bob']))
      assert.equal(ends.length, 2)
    },
  )

  onBed(
    makeBed,
    'a verify that finds the books sound ends the quarantine, and the sums are those of the journal',
    async (_, storage) => {
      await furnish(storage)
      await authorize(storage, bob, 'bobs')
      const balanceBefore = await look(storage, bob, balance)
      await assert.rejects(settleWrongly(storage, bob, 'bobs'), StorageUnavailableError)

      const report = await storage.verify({ isHealing: false, actor: 'test' })

      assert.deepEqual([report.faults, report.drifts], [[], []])
      assert.deepEqual(await quarantined(storage), [])
      assert.equal(await look(storage, bob, balance), balanceBefore)
      assert.equal((await settle(storage, bob, 'bobs')).kind, 'settled')
      // The same fault again is the same quarantine again.
      await authorize(storage, bob, 'next')
      await assert.rejects(settleWrongly(storage, bob, 'next'), StorageUnavailableError)
      assert.equal((await quarantined(storage)).length, 1)
    },
  )

  onBed(
    makeBed,
    'a start ends the quarantine: it believes nothing but the journal, which is right',
    async (bed, storage) => {
      await furnish(storage)
      await authorize(storage, bob, 'bobs')
      await assert.rejects(settleWrongly(storage, bob, 'bobs'), StorageUnavailableError)
      await bed.crash()

      const again = await bed.open()

      assert.deepEqual(await quarantined(again), [])
      assert.deepEqual(await look(again, bob, openHoldIds), [])
      assert.equal((await authorize(again, bob, 'after')).kind, 'allow')
    },
  )
}
